package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/ocr"
)

func readCommand() *cobra.Command {
	var o readOptions
	c := &cobra.Command{
		Use:   "read [--json] [--video] [--posteriors] [--explain --out DIR] PATH|URL…",
		Short: "Read the plates of pictures, folders, clips or a stream; needs no state, no broker, no key",
		Example: `  alprd read car.jpg
  alprd read --json pictures/ > reads.jsonl
  alprd read --video rtsp://192.168.1.20:554/stream1
  alprd read --explain --out /tmp/why car.jpg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.out, o.progress = c.OutOrStdout(), progressOf(c.ErrOrStderr(), c.OutOrStdout())
			if o.posteriors {
				o.json = true
			}
			switch {
			case o.explain != (o.folder != ""):
				return errNowhere
			case o.explain && o.video:
				return explainError("--explain is for pictures, not for --video")
			}
			return o.run(c.Context(), args)
		},
	}
	c.Flags().BoolVar(&o.json, "json", false, "one JSON line a picture, or with --video a vehicle pass")
	c.Flags().BoolVar(&o.video, "video", false, "follow vehicles: clips, streams, devices, or a folder's pictures as frames")
	c.Flags().BoolVar(&o.posteriors, "posteriors", false, "add the best frames' posterior matrices (implies --json)")
	c.Flags().BoolVar(&o.explain, "explain", false, "write a page for each picture that shows what was seen, read and dropped, into --out; plates stand there in the clear")
	c.Flags().StringVar(&o.folder, "out", "", "the folder for --explain")
	c.Flags().BoolVar(&o.signs, "signs", false, "one JSON line a picture of all places and what their confidence is made of, for scripts/calibrate")
	if err := c.Flags().MarkHidden("signs"); err != nil {
		panic(err) // the flag stands a line above
	}
	c.Flags().StringVar(&o.backend, "backend", ocr.Auto, "what runs the networks: "+strings.Join(ocr.Backends(), ", "))
	c.Flags().IntVar(&o.workingSize, "working-size", 0, "with --video, long side of what the finder sees, pixels (default 640; wide views 1280)")
	return c
}

type readOptions struct {
	json, video, posteriors bool
	explain                 bool
	folder                  string // for explain
	signs                   bool
	workingSize             int
	backend                 string

	out      io.Writer
	progress func(done, all int) // nil where nobody looks
}

// progressOf counts on a terminal while the results go elsewhere.
func progressOf(errs, out io.Writer) func(done, all int) {
	isTerminal := func(w io.Writer) bool {
		f, ok := w.(*os.File)
		return ok && term.IsTerminal(int(f.Fd()))
	}
	if !isTerminal(errs) || isTerminal(out) {
		return nil
	}
	return func(done, all int) {
		fmt.Fprintf(errs, "\r%d/%d", done, all)
		if done == all {
			fmt.Fprintln(errs)
		}
	}
}

// run answers with errReported where single pictures failed: each has said so in its own line.
func (o *readOptions) run(ctx context.Context, args []string) error {
	if o.explain {
		if err := checkOut(o.folder); err != nil {
			return err
		}
	}
	backend, err := ocr.Choose(o.backend)
	if err != nil {
		return err
	}
	engine, err := backend.Open()
	if err != nil {
		return err
	}
	defer engine.Close()
	if o.video {
		err = o.videos(ctx, engine, args)
	} else {
		err = o.stills(ctx, engine, args)
	}
	return errors.Join(err, engine.Err())
}

// ---- pictures ----

func (o *readOptions) stills(ctx context.Context, engine *ocr.Engine, args []string) error {
	var files []string
	failed := false
	for _, arg := range args {
		if k := (capture.Camera{URL: arg}).Kind(); k != capture.Stills {
			return clipError{arg, k}
		}
		found, err := capture.Pictures(arg)
		if err != nil {
			failed = true
			if err := o.failure(arg, err); err != nil {
				return err
			}
		}
		files = append(files, found...)
	}
	var x *explainer
	if o.explain {
		var err error
		if x, err = newExplainer(o.folder); err != nil {
			return err
		}
	}
	for i, file := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		began := time.Now()
		img, err := capture.DecodeFile(file)
		if err != nil {
			failed = true
			err = o.failure(file, err)
		} else {
			frame := alpr.Frame{Camera: file, Seq: uint64(i + 1), At: began.UTC(), Image: img}
			if o.signs {
				err = o.print(signsLine(file, img, engine.Study(frame)))
				if err != nil {
					return err
				}
				continue
			}
			reads := engine.Still(frame)
			err = o.picture(pictureLine{
				File: file, Width: img.Rect.Dx(), Height: img.Rect.Dy(), MS: round(time.Since(began).Seconds()*1000, 2), Plates: o.plates(reads),
			})
			if err == nil && x != nil {
				err = x.picture(file, img, engine.Explain(frame))
			}
		}
		if err != nil {
			return err
		}
		if o.progress != nil {
			o.progress(i+1, len(files))
		}
	}
	if x != nil {
		if err := x.close(); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// clipError is returned when a clip or a stream is given as if it were a picture.
type clipError struct {
	place string
	kind  capture.Kind
}

func (e clipError) Error() string {
	return fmt.Sprintf("%s is a %v, not a picture", capture.Camera{URL: e.place}.Place(), e.kind)
}
func (e clipError) Hint() string  { return "add --video: one line a vehicle instead of one a picture" }
func (e clipError) ExitCode() int { return exitUsage }

func (o *readOptions) picture(line pictureLine) error {
	if o.json {
		return o.print(line)
	}
	if len(line.Plates) == 0 {
		return o.write("%s: no plate\n", line.File)
	}
	for _, p := range line.Plates {
		if err := o.write("%s: %s\n", line.File, p); err != nil {
			return err
		}
	}
	return nil
}

// failure tells of a picture that can't be read, in its own line; the others go on.
func (o *readOptions) failure(file string, err error) error {
	if o.json {
		return o.print(failureLine{File: file, Error: err.Error()})
	}
	return o.write("%s: error: %v\n", file, err)
}

// ---- clips and streams ----

func (o *readOptions) videos(ctx context.Context, engine *ocr.Engine, args []string) error {
	failed := false
	for _, arg := range args {
		err := o.follow(ctx, engine, arg, &failed)
		switch {
		case ctx.Err() != nil:
			return nil // a person ended it, and what was under way is told
		case err != nil && len(args) == 1:
			return err
		case err != nil:
			failed = true
			if err := o.failure((capture.Camera{URL: arg}).Place(), err); err != nil {
				return err
			}
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// follow prints one line for each vehicle that passed, when it is gone.
func (o *readOptions) follow(ctx context.Context, engine *ocr.Engine, place string, failed *bool) error {
	var wrong error // of printing
	camera := capture.Camera{Name: "video", URL: place}
	source, err := capture.Open(camera, capture.Options{BadFile: func(e *capture.FileError) {
		*failed = true
		wrong = errors.Join(wrong, o.failure(e.Path, e.Err))
	}})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lane := engine.Lane(ocr.LaneOptions{WorkingSize: o.workingSize})
	var start time.Time
	tell := func(reads []alpr.Read) {
		for _, r := range reads {
			if r.Final && wrong == nil {
				wrong = o.pass(camera.Place(), start, r)
			}
		}
		if wrong != nil {
			stop()
		}
	}
	err = source.Run(ctx, func(f alpr.Frame) {
		if start.IsZero() {
			start = f.At
		}
		tell(lane.See(f))
	})
	tell(lane.Flush())
	if wrong != nil {
		return wrong
	}
	return err
}

func (o *readOptions) pass(file string, start time.Time, r alpr.Read) error {
	line := passLine{
		File: file, Pass: r.Pass, FirstS: round(r.FirstAt.Sub(start).Seconds(), 2), LastS: round(r.LastAt.Sub(start).Seconds(), 2),
		Frames: r.Frames, Agreeing: r.Agreeing, Direction: optional(string(r.Direction)), SpeedPxS: round(r.Speed, 1), plateLine: o.plate(r),
	}
	if o.json {
		return o.print(line)
	}
	return o.write("%s: pass %d, %.1f–%.1f s, %d of %d frames agree: %s\n", file, r.Pass, line.FirstS, line.LastS, r.Agreeing, r.Frames, line.plateLine)
}

// ---- what is printed ----

type pictureLine struct {
	File   string      `json:"file"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	MS     float64     `json:"ms"` // decoding included
	Plates []plateLine `json:"plates"`
}

type failureLine struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

type passLine struct {
	File     string  `json:"file"`
	Pass     uint64  `json:"pass"`
	FirstS   float64 `json:"first_s"` // after the first frame
	LastS    float64 `json:"last_s"`
	Frames   int     `json:"frames"`
	Agreeing int     `json:"agreeing"`

	Direction *string `json:"direction"`  // approaching, receding, left or right as the camera sees it; null when unknown
	SpeedPxS  float64 `json:"speed_px_s"` // of the plate in the picture
	plateLine
}

type plateLine struct {
	Text             string           `json:"text"`
	Partial          bool             `json:"partial,omitempty"` // text leaves characters open: ? or *
	Confidence       float64          `json:"confidence"`
	Weakest          float64          `json:"weakest"`
	Region           *string          `json:"region"`
	RegionConfidence float64          `json:"region_confidence"`
	Small            []int            `json:"small"`
	Corners          [4][2]int        `json:"corners"`
	CharHeightPx     float64          `json:"char_height_px"`
	Candidates       []alpr.Candidate `json:"candidates"`
	Lattice          alpr.Lattice     `json:"lattice"`
	Posteriors       []string         `json:"posteriors,omitempty"`
}

// String is the plate's line for people.
func (p plateLine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s confidence %.2f, weakest character %.2f", p.Text, p.Confidence, p.Weakest)
	if p.Region != nil {
		fmt.Fprintf(&b, ", %s", *p.Region)
	}
	fmt.Fprintf(&b, ", characters %.0f px, at %d,%d", p.CharHeightPx, p.Corners[0][0], p.Corners[0][1])
	if len(p.Candidates) > 1 && p.Candidates[1].Confidence >= 0.05 {
		fmt.Fprintf(&b, " (or %s %.2f)", p.Candidates[1].Text, p.Candidates[1].Confidence)
	}
	return b.String()
}

func (o *readOptions) plates(reads []alpr.Read) []plateLine {
	lines := make([]plateLine, len(reads)) // never null
	for i, r := range reads {
		lines[i] = o.plate(r)
	}
	return lines
}

func (o *readOptions) plate(r alpr.Read) plateLine {
	line := plateLine{
		Text: r.Plate.Text(), Partial: r.Partial, Confidence: round(r.Confidence, 4), Weakest: round(r.Weakest, 4),
		RegionConfidence: round(r.RegionConfidence, 4), Small: r.Small, CharHeightPx: round(r.CharPx, 1),
		Candidates: r.Candidates, Lattice: r.Lattice,
	}
	if r.Region != "" {
		line.Region = &r.Region
	}
	if line.Small == nil {
		line.Small = []int{}
	}
	for i, c := range r.Corners {
		line.Corners[i] = [2]int{int(math.Round(c.X)), int(math.Round(c.Y))}
	}
	for i := range line.Candidates {
		line.Candidates[i].Confidence = round(line.Candidates[i].Confidence, 4)
	}
	if o.posteriors {
		for _, p := range r.Evidence {
			line.Posteriors = append(line.Posteriors, p.Half())
		}
	}
	return line
}

func round(v float64, digits int) float64 {
	k := math.Pow(10, float64(digits))
	return math.Round(v*k) / k
}

func (o *readOptions) print(line any) error {
	b, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return o.write("%s\n", b)
}

func (o *readOptions) write(format string, args ...any) error {
	if _, err := fmt.Fprintf(o.out, format, args...); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
