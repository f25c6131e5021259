package capture

/*
#cgo pkg-config: libavformat libavcodec libavutil
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	AVFormatContext *file;
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *frame;
	int stream;
} av;

// av_start opens the decoder: one thread, and damaged pictures come out marked instead of being patched up in silence.
static int av_start(av *d, const AVCodec *c, const AVCodecParameters *par, const uint8_t *extra, int n, int64_t max_pixels, int live) {
	int err;
	if (!c) return AVERROR_DECODER_NOT_FOUND;
	d->packet = av_packet_alloc();
	d->frame = av_frame_alloc();
	d->codec = avcodec_alloc_context3(c);
	if (!d->packet || !d->frame || !d->codec) return AVERROR(ENOMEM);
	if (par && (err = avcodec_parameters_to_context(d->codec, par)) < 0) return err;
	if (n > 0) {
		d->codec->extradata = av_mallocz(n + AV_INPUT_BUFFER_PADDING_SIZE);
		if (!d->codec->extradata) return AVERROR(ENOMEM);
		memcpy(d->codec->extradata, extra, n);
		d->codec->extradata_size = n;
	}
	d->codec->thread_count = 1;
	d->codec->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
	if (live) d->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	d->codec->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
	d->codec->max_pixels = max_pixels;
	return avcodec_open2(d->codec, c, NULL);
}

// av_file opens a clip: local files only, and only containers, never play lists that name other files.
static int av_file(av *d, const char *url, int64_t max_pixels) {
	AVDictionary *o = NULL;
	const AVCodec *c = NULL;
	int err;
	av_dict_set(&o, "protocol_whitelist", "file", 0);
	av_dict_set(&o, "format_whitelist", "mov,matroska,avi,mpegts,mpeg,h264,hevc,mjpeg,flv,asf,ogg,mpegvideo", 0);
	err = avformat_open_input(&d->file, url, NULL, &o);
	av_dict_free(&o);
	if (err < 0) return err;
	if ((err = avformat_find_stream_info(d->file, NULL)) < 0) return err;
	d->stream = av_find_best_stream(d->file, AVMEDIA_TYPE_VIDEO, -1, -1, &c, 0);
	if (d->stream < 0) return d->stream;
	return av_start(d, c, d->file->streams[d->stream]->codecpar, NULL, 0, max_pixels, 0);
}

// av_next gives the decoder the clip's next packet, or tells it that there is none. *over is set when no packet follows:
// at the end, or where the file breaks off.
static int av_next(av *d, int *over) {
	int err;
	while ((err = av_read_frame(d->file, d->packet)) >= 0) {
		if (d->packet->stream_index == d->stream) {
			err = avcodec_send_packet(d->codec, d->packet);
			av_packet_unref(d->packet);
			return err;
		}
		av_packet_unref(d->packet);
	}
	*over = 1;
	avcodec_send_packet(d->codec, NULL);
	return err;
}

static int av_send(av *d, const uint8_t *data, int n, int64_t pts) {
	int err = av_new_packet(d->packet, n);
	if (err < 0) return err;
	memcpy(d->packet->data, data, n);
	d->packet->pts = pts;
	err = avcodec_send_packet(d->codec, d->packet);
	av_packet_unref(d->packet);
	return err;
}

static int av_damaged(const AVFrame *f) { return (f->flags & AV_FRAME_FLAG_CORRUPT) || f->decode_error_flags; }

// av_turned is by how many degrees clockwise a clip wants its pictures turned: phones write it.
static int av_turned(av *d) {
	const uint8_t *m = av_stream_get_side_data(d->file->streams[d->stream], AV_PKT_DATA_DISPLAYMATRIX, NULL);
	if (!m) return 0;
	double ccw = av_display_rotation_get((const int32_t *)m);
	if (isnan(ccw)) return 0;
	return (((int)lrint(-ccw / 90) * 90) % 360 + 360) % 360;
}

static void av_stop(av *d) {
	av_frame_free(&d->frame);
	av_packet_free(&d->packet);
	avcodec_free_context(&d->codec);
	avformat_close_input(&d->file);
}

static int av_again(void) { return AVERROR(EAGAIN); }
static int av_eof(void) { return AVERROR_EOF; }
static void av_quiet(void) { av_log_set_level(AV_LOG_QUIET); }
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"io"
	"time"
	"unsafe"
)

// Only the child process calls what is in this file.

// decoder is libavcodec, with or without a clip in front of it.
type decoder struct {
	c *C.av
}

// codec names what a live camera sends.
type codec int

const (
	h264 codec = iota
	h265
	mjpeg
)

// errMore is returned by receive when the decoder wants more input first.
var errMore = errors.New("the decoder wants more input")

func avError(code C.int) error {
	var b [128]C.char
	C.av_strerror(code, &b[0], C.size_t(len(b)))
	return errors.New(C.GoString(&b[0]))
}

// newDecoder decodes packets of a live camera. extra is the codec's parameters in Annex B form, may be empty.
func newDecoder(k codec, extra []byte) (*decoder, error) {
	C.av_quiet()
	id := map[codec]C.enum_AVCodecID{h264: C.AV_CODEC_ID_H264, h265: C.AV_CODEC_ID_HEVC, mjpeg: C.AV_CODEC_ID_MJPEG}[k]
	d := &decoder{c: (*C.av)(C.calloc(1, C.sizeof_av))}
	var p *C.uint8_t
	if len(extra) > 0 {
		p = (*C.uint8_t)(unsafe.Pointer(&extra[0]))
	}
	if err := C.av_start(d.c, C.avcodec_find_decoder(id), nil, p, C.int(len(extra)), maxPixels, 1); err < 0 {
		d.close()
		return nil, fmt.Errorf("open the decoder: %w", avError(err))
	}
	return d, nil
}

// openClip opens a clip's first good video track.
func openClip(path string) (*decoder, error) {
	C.av_quiet()
	d := &decoder{c: (*C.av)(C.calloc(1, C.sizeof_av))}
	name := C.CString("file:" + path)
	defer C.free(unsafe.Pointer(name))
	if err := C.av_file(d.c, name, maxPixels); err < 0 {
		d.close()
		return nil, avError(err)
	}
	return d, nil
}

func (d *decoder) close() {
	C.av_stop(d.c)
	C.free(unsafe.Pointer(d.c))
	d.c = nil
}

// send gives the decoder an access unit that was received at the given time. An error means damage, not the end.
func (d *decoder) send(au []byte, at time.Time) error {
	if len(au) == 0 {
		return nil
	}
	if err := C.av_send(d.c, (*C.uint8_t)(unsafe.Pointer(&au[0])), C.int(len(au)), C.int64_t(at.UnixNano())); err < 0 {
		return avError(err)
	}
	return nil
}

// next gives the decoder the clip's next packet. over tells that there is none left; receive then gives what the decoder
// still holds, and io.EOF. An error is a packet that can't be decoded or, with over, a file that breaks off.
func (d *decoder) next() (over bool, err error) {
	var end C.int
	switch err := C.av_next(d.c, &end); {
	case err >= 0, err == C.av_again(), err == C.av_eof():
		return end != 0, nil
	default:
		return end != 0, avError(err)
	}
}

// picture is a decoded frame; its planes hold until the next call to the decoder.
type picture struct {
	planes
	pts     int64 // live: the time given to send; clip: see seconds
	key     bool
	damaged bool
}

// receive returns the next picture, errMore when there is none yet, io.EOF after the last.
func (d *decoder) receive() (*picture, error) {
	switch err := C.avcodec_receive_frame(d.c.codec, d.c.frame); {
	case err == C.av_again():
		return nil, errMore
	case err == C.av_eof():
		return nil, io.EOF
	case err < 0:
		return nil, avError(err)
	}
	f := d.c.frame
	p := &picture{pts: int64(f.best_effort_timestamp), key: f.key_frame != 0, damaged: C.av_damaged(f) != 0}
	p.width, p.height = int(f.width), int(f.height)
	p.limited = f.color_range != C.AVCOL_RANGE_JPEG
	if err := checkSize(p.width, p.height); err != nil {
		return nil, err
	}
	if err := p.layout(C.enum_AVPixelFormat(f.format)); err != nil {
		return nil, err
	}
	_, ch := chroma(p.width, p.height, p.ratio)
	for i := range 3 {
		if f.data[i] == nil || f.linesize[i] <= 0 {
			continue
		}
		h := p.height
		if i > 0 {
			h = ch
		}
		p.stride[i] = int(f.linesize[i])
		p.pix[i] = unsafe.Slice((*byte)(f.data[i]), p.stride[i]*h)
	}
	if p.pix[0] == nil {
		return nil, errors.New("the decoder gave a picture without luma")
	}
	return p, nil
}

// clock is the picture's time from the clip's own zero. ok is false where the clip doesn't say.
func (d *decoder) clock(pts int64) (t time.Duration, ok bool) {
	if pts == -1<<63 {
		return 0, false
	}
	base := unsafe.Slice(d.c.file.streams, d.c.file.nb_streams)[d.c.stream].time_base
	return time.Duration(float64(pts) * float64(base.num) / float64(base.den) * float64(time.Second)), true
}

// orientation is how the clip's pictures must be turned, as EXIF counts it.
func (d *decoder) orientation() int {
	return map[C.int]int{90: 6, 180: 3, 270: 8}[C.av_turned(d.c)]
}

// interval is the clip's mean time between frames.
func (d *decoder) interval() time.Duration {
	r := unsafe.Slice(d.c.file.streams, d.c.file.nb_streams)[d.c.stream].avg_frame_rate
	if r.num <= 0 || r.den <= 0 {
		return time.Second / 25
	}
	return time.Duration(float64(time.Second) * float64(r.den) / float64(r.num))
}

func (p *planes) layout(f C.enum_AVPixelFormat) error {
	switch f {
	case C.AV_PIX_FMT_YUVJ420P, C.AV_PIX_FMT_YUVJ422P, C.AV_PIX_FMT_YUVJ444P, C.AV_PIX_FMT_YUVJ440P, C.AV_PIX_FMT_GRAY8:
		p.limited = false
	}
	switch f {
	case C.AV_PIX_FMT_YUV420P, C.AV_PIX_FMT_YUVJ420P, C.AV_PIX_FMT_GRAY8:
		p.ratio = image.YCbCrSubsampleRatio420
	case C.AV_PIX_FMT_YUV422P, C.AV_PIX_FMT_YUVJ422P:
		p.ratio = image.YCbCrSubsampleRatio422
	case C.AV_PIX_FMT_YUV444P, C.AV_PIX_FMT_YUVJ444P:
		p.ratio = image.YCbCrSubsampleRatio444
	case C.AV_PIX_FMT_YUV440P, C.AV_PIX_FMT_YUVJ440P:
		p.ratio = image.YCbCrSubsampleRatio440
	case C.AV_PIX_FMT_YUV411P:
		p.ratio = image.YCbCrSubsampleRatio411
	case C.AV_PIX_FMT_YUV420P10LE:
		p.ratio, p.wide = image.YCbCrSubsampleRatio420, 2
	case C.AV_PIX_FMT_YUV422P10LE:
		p.ratio, p.wide = image.YCbCrSubsampleRatio422, 2
	default:
		return fmt.Errorf("pixels of the layout %q aren't read", C.GoString(C.av_get_pix_fmt_name(f)))
	}
	return nil
}
