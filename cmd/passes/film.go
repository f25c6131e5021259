package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"alprd/internal/demo"
)

// film is a stretch of rendered traffic, encoded as a camera would.
type film struct {
	scene    string
	traffic  *demo.Traffic
	key      string // names the traffic in file names
	from, to int    // frames of the traffic, [from, to)
	step     int    // of which every step-th is shown
	kbit     int    // bits a second of H.264, in thousands
}

func (f film) frames() int { return (f.to - f.from + f.step - 1) / f.step }

func (f film) fps() float64 { return f.traffic.FPS() / float64(f.step) }

// at is the traffic's frame that a frame of the clip shows; the clip counts from 1.
func (f film) at(seq uint64) int { return f.from + int(seq-1)*f.step }

// shoot renders the film to a file in dir, unless it is there, and names it.
func (f film) shoot(dir string) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s-%05d-%05d-%d-%dk.mp4", f.key, f.from, f.to, f.step, f.kbit))
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	part := path + ".part"
	rate := fmt.Sprintf("%dk", f.kbit)
	// What cheap cameras do: no look-ahead, no B-frames, constant bit rate, a key frame every two seconds, limited range.
	cmd := exec.Command("ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuvj420p", "-s", fmt.Sprintf("%dx%d", demo.Width, demo.Height),
		"-r", fmt.Sprint(f.fps()), "-i", "-", "-threads", "1", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0",
		"-g", fmt.Sprint(int(2*f.fps())), "-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-pix_fmt", "yuv420p", "-color_range", "tv", "-f", "mp4", part)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("ffmpeg: %w", err)
	}
	out := bufio.NewWriterSize(in, 1<<20)
	for n := f.from; n < f.to && err == nil; n += f.step {
		img, _ := f.traffic.Frame(n)
		err = raw(out, img)
	}
	err = errors.Join(err, out.Flush(), in.Close(), cmd.Wait())
	if err != nil {
		return "", fmt.Errorf("encode with ffmpeg: %w: %s", err, said.String())
	}
	return path, os.Rename(part, path)
}

// raw writes a picture's planes one after the other.
func raw(w *bufio.Writer, img *image.YCbCr) error {
	plane := func(pix []byte, stride, width, height int) error {
		for y := range height {
			if _, err := w.Write(pix[y*stride:][:width]); err != nil {
				return err
			}
		}
		return nil
	}
	b := img.Rect
	return errors.Join(plane(img.Y, img.YStride, b.Dx(), b.Dy()), plane(img.Cb, img.CStride, b.Dx()/2, b.Dy()/2), plane(img.Cr, img.CStride, b.Dx()/2, b.Dy()/2))
}
