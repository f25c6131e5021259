package capture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"strings"
	"time"

	"gocv.io/x/gocv"
)

// feedDevice reads a V4L2 device through OpenCV, in the child. OpenCV's conversion to colour is switched off: the luma
// that the camera sent is passed on as it is.
func feedDevice(ctx context.Context, cam Camera, s *sender) error {
	path, err := device(cam.URL)
	if err != nil {
		return err
	}
	v, err := gocv.VideoCaptureFileWithAPI(path, gocv.VideoCaptureV4L2)
	if err != nil || !v.IsOpened() {
		return &problem{what: quote(path) + " can't be opened as a camera", err: err,
			hint: "it may be in use, or be a camera's metadata node: try the others that v4l2-ctl --list-devices shows"}
	}
	defer v.Close()
	settings(cam.Device, cam.FPS, v, s)
	m := gocv.NewMat()
	defer m.Close()
	var d *decoder
	defer func() {
		if d != nil {
			d.close()
		}
	}()
	good := false
	for ctx.Err() == nil {
		if !v.Read(&m) || m.Empty() {
			if ctx.Err() != nil {
				return nil
			}
			return &problem{what: quote(path) + " gives no more pictures", hint: "it was unplugged or lost power: check the cable; dmesg tells more"}
		}
		at := time.Now()
		code := fourCC(v.Get(gocv.VideoCaptureFOURCC))
		if code == "MJPG" || code == "JPEG" {
			if d == nil {
				if d, err = newDecoder(mjpeg, nil); err != nil {
					return err
				}
			}
			if err := feedJPEG(&m, at, d, s); err != nil {
				return err
			}
			continue
		}
		p, err := rawPlanes(&m, code)
		if err != nil {
			if good { // one short transfer
				s.hurt()
				continue
			}
			return err
		}
		good = true
		if err := s.offer(p, at); err != nil {
			return err
		}
	}
	return nil
}

func feedJPEG(m *gocv.Mat, at time.Time, d *decoder, s *sender) error {
	b, err := m.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("read the device's buffer: %w", err)
	}
	if err := d.send(b, at); err != nil {
		s.hurt()
		return nil
	}
	for {
		p, err := d.receive()
		switch {
		case err == errMore:
			return nil
		case err != nil || p.damaged:
			s.hurt()
			if err != nil {
				return nil
			}
		default:
			if err := s.offer(&p.planes, at); err != nil {
				return err
			}
		}
	}
}

// device is the path of a device that is there and may be used.
func device(url string) (string, error) {
	path := url
	if len(url) > 5 && strings.EqualFold(url[:5], "v4l2:") {
		path = url[5:]
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &problem{what: "there is no device " + quote(path), hint: "check cable and power; v4l2-ctl --list-devices shows what is there"}
	case errors.Is(err, fs.ErrPermission):
		return "", &problem{what: "no permission to use " + quote(path), hint: "add the user that alprd runs as to the group video"}
	case err != nil:
		return "", fmt.Errorf("open the device: %w", err)
	}
	return path, f.Close()
}

// settings asks the device for what the configuration wants. OpenCV's Set reports nothing, so everything is read back.
func settings(want Device, fps float64, v *gocv.VideoCapture, s *sender) {
	ask := func(name string, prop gocv.VideoCaptureProperties, value float64) {
		v.Set(prop, value)
		if got := v.Get(prop); got != value {
			s.say(msgNote, note{Text: "the camera didn't take a setting", Setting: name, Asked: value, Got: got})
		}
	}
	if want.Format != "" {
		code := 0
		for i := range 4 {
			code |= int(want.Format[i]) << (8 * i)
		}
		ask("format", gocv.VideoCaptureFOURCC, float64(code))
	}
	if want.Width == 0 || want.Height == 0 { // OpenCV would make it 640×480
		v.Set(gocv.VideoCaptureFrameWidth, 1280)
		v.Set(gocv.VideoCaptureFrameHeight, 720)
	} else {
		ask("width", gocv.VideoCaptureFrameWidth, float64(want.Width))
		ask("height", gocv.VideoCaptureFrameHeight, float64(want.Height))
	}
	if fps > 0 {
		v.Set(gocv.VideoCaptureFPS, fps) // the sender holds the rate where the device can't
	}
	if want.Exposure != nil {
		ask("auto_exposure", gocv.VideoCaptureAutoExposure, 1) // V4L2_EXPOSURE_MANUAL
		ask("exposure", gocv.VideoCaptureExposure, *want.Exposure)
	}
	if want.Gain != nil {
		ask("gain", gocv.VideoCaptureGain, *want.Gain)
	}
	if want.Focus != nil {
		ask("auto_focus", gocv.VideoCaptureAutoFocus, 0)
		ask("focus", gocv.VideoCaptureFocus, *want.Focus)
	}
	v.Set(gocv.VideoCaptureBufferSize, 2)
	v.Set(gocv.VideoCaptureConvertRGB, 0) // last: other settings reopen the stream
}

func fourCC(v float64) string {
	n := uint32(v)
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

// rawPlanes looks at a buffer as the device filled it. Uncompressed video is limited range unless the driver says
// otherwise, which OpenCV doesn't pass on; UVC cameras in fact deliver the range of BT.601.
func rawPlanes(m *gocv.Mat, code string) (*planes, error) {
	b, err := m.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("read the device's buffer: %w", err)
	}
	w, h := m.Cols(), m.Rows()
	p := &planes{width: w, height: h, limited: true}
	switch code {
	case "YUYV":
		p.ratio = image.YCbCrSubsampleRatio422
		if len(b) < 2*w*h || w%2 != 0 {
			return nil, errShort
		}
		p.pix = [3][]byte{b, b[1:], b[3:]}
		p.stride, p.pixel = [3]int{2 * w, 2 * w, 2 * w}, [3]int{2, 4, 4}
	case "GREY", "Y800":
		p.ratio, p.limited = image.YCbCrSubsampleRatio420, false // industrial cameras: every level is light
		if len(b) < w*h {
			return nil, errShort
		}
		p.pix[0], p.stride[0] = b, w
	case "NV12":
		h = h * 2 / 3
		p.height, p.ratio = h, image.YCbCrSubsampleRatio420
		if len(b) < w*h*3/2 || w%2 != 0 || h%2 != 0 {
			return nil, errShort
		}
		p.pix = [3][]byte{b, b[w*h:], b[w*h+1:]}
		p.stride, p.pixel = [3]int{w, w, w}, [3]int{1, 2, 2}
	default:
		return nil, &problem{what: "the device's format " + quote(code) + " isn't read", hint: "set the camera's format to YUYV, MJPG, GREY or NV12"}
	}
	if err := checkSize(p.width, p.height); err != nil {
		return nil, err
	}
	return p, nil
}

var errShort = errors.New("the device gave less than a whole picture")
