// Command passes measures how vehicles are read: rendered traffic, encoded as H.264, read back as a clip, and compared with
// what was drawn. scripts/accuracy writes its figures into docs/accuracy.md; it is no part of the product, and nothing installs it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"alprd/internal/capture"
	"alprd/internal/ocr"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == capture.ChildCommand {
		os.Exit(capture.ChildMain())
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	seed := flag.Uint64("seed", 1, "of the traffic; films of a seed are always the same")
	vehicles := flag.Int("vehicles", 150, "passes of free flow, each in a clip of its own")
	scene := flag.String("scene", "", "these scenes only, with commas between them")
	keep := flag.String("keep", "", "folder to keep the clips in, so that the next run needn't render them")
	rivals := flag.Bool("rivals", true, "read each frame by itself, too, for comparison with single frames and majority votes")
	backend := flag.String("backend", ocr.Auto, "of the networks; ONNX Runtime's library is looked for in bin, where make build puts it")
	asJSON := flag.Bool("json", false, "figures as JSON lines")
	quiet := flag.Bool("quiet", false, "no line for each thing that went wrong")
	flag.Parse()

	dir := *keep
	if dir == "" {
		tmp, err := os.MkdirTemp("", "passes-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	on, err := ocr.ChooseIn("bin", *backend)
	if err != nil {
		return err
	}
	engine, err := on.Open()
	if err != nil {
		return err
	}
	defer engine.Close()
	var order []string
	shown := map[string][]*screening{}
	var all []*screening
	var busy time.Duration
	for _, f := range plan(*seed, *vehicles, *scene) {
		path, err := f.shoot(dir)
		if err != nil {
			return err
		}
		began := time.Now()
		s, err := show(ctx, engine, f, path, *rivals)
		if err != nil {
			return err
		}
		busy += time.Since(began)
		if *keep == "" {
			os.Remove(path)
		}
		if shown[f.scene] == nil {
			order = append(order, f.scene)
		}
		shown[f.scene] = append(shown[f.scene], s)
		all = append(all, s)
		if !*quiet {
			for _, line := range s.complaints() {
				fmt.Fprintln(os.Stderr, line)
			}
		}
	}
	if err := engine.Err(); err != nil {
		return err
	}
	order = append(order, "all")
	shown["all"] = all
	for _, scene := range order {
		f := sum(scene, shown[scene])
		if *asJSON {
			b, err := json.Marshal(f)
			if err != nil {
				return err
			}
			fmt.Printf("%s\n", b)
			continue
		}
		fmt.Printf("%-9s %4d vehicles: %.1f %% exact, %.3f events a vehicle, %d wrong, %d unread, %d doubles (+%d), %d phantoms, %d wrong at 0.9 (%d at 0.99), %.1f told, %.1f spelled",
			f.Scene, f.Vehicles, f.ExactPct, f.EventsPer, f.Wrong, f.Unread, f.Doubles, f.Bystanders, f.Phantoms, f.SureWrong, f.SurerWrong, f.ToldPer, f.Spelled)
		if f.Sure > 0 {
			fmt.Printf(", %d of %d at 0.9 right, calibration error %.1f %%", f.Sure-f.SureWrong, f.Sure, f.CalibrationErrorPct)
		}
		if *rivals {
			fmt.Printf("; single frames %.1f %%, majority vote %.1f %%", f.SinglePct, f.VotePct)
		}
		fmt.Println()
	}
	frames := 0
	for _, s := range all {
		frames += s.frames
	}
	fmt.Fprintf(os.Stderr, "%d films, %d frames, read in %.1f s\n", len(all), frames, busy.Seconds())
	return nil
}
