// A V4L2 camera for machines that have none: loaded in front of libc, it makes any file that ends in ".v4l2" a camera. Its
// first line configures it: FORMAT WIDTH HEIGHT FRAMES MAXEXPOSURE. After FRAMES frames the camera is unplugged. The picture is
// black on the left, white on the right (limited range), with a grey ramp in the upper quarter that moves; for MJPG it is the
// file PATH.jpg.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS 8
#define SIZE (1 << 20)

static int cam = -1, frames, limit, head, tail, queue[BUFFERS * 2], width, height, autoexp = 3, exposure = 100, gain = 0;
static int max_exposure;
static unsigned format;
static unsigned char *memory;
static char picture[512];

static int begin(const char *path) {
	char line[100] = "", f[5] = "";
	int fd = ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, O_RDONLY);
	if (fd < 0) return -1;
	snprintf(picture, sizeof picture, "%s.jpg", path);
	read(fd, line, sizeof line - 1);
	close(fd);
	sscanf(line, "%4s %d %d %d %d", f, &width, &height, &limit, &max_exposure);
	format = v4l2_fourcc(f[0], f[1], f[2], f[3]);
	cam = memfd_create("camera", 0);
	ftruncate(cam, BUFFERS * SIZE);
	memory = mmap(0, BUFFERS * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, cam, 0);
	return cam;
}

static int is_camera(const char *p) {
	size_t n = strlen(p);
	return n > 5 && !strcmp(p + n - 5, ".v4l2");
}

int open64(const char *p, int flags, ...) {
	va_list a;
	va_start(a, flags);
	int mode = va_arg(a, int);
	va_end(a);
	if (is_camera(p)) return begin(p);
	return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(p, flags, mode);
}

int open(const char *p, int flags, ...) {
	va_list a;
	va_start(a, flags);
	int mode = va_arg(a, int);
	va_end(a);
	if (is_camera(p)) return begin(p);
	return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(p, flags, mode);
}

static int luma(int x, int y) {
	if (y < height / 4) return (x + frames * 8) % 200 + 20;
	return x < width / 2 ? 16 : 235;
}

static unsigned draw(unsigned char *b) {
	if (format == V4L2_PIX_FMT_MJPEG) {
		FILE *f = fopen(picture, "rb");
		unsigned n = f ? fread(b, 1, SIZE, f) : 0;
		if (f) fclose(f);
		return n;
	}
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			if (format == V4L2_PIX_FMT_YUYV) {
				b[2 * (y * width + x)] = luma(x, y);
				b[2 * (y * width + x) + 1] = 128;
			} else if (format == V4L2_PIX_FMT_GREY) {
				int v = (luma(x, y) - 16) * 255 / 219;
				b[y * width + x] = v < 0 ? 0 : v > 255 ? 255 : v;
			} else { // NV12
				b[y * width + x] = luma(x, y);
				b[width * height + y / 2 * width + x] = 128;
			}
	return format == V4L2_PIX_FMT_YUYV ? 2 * width * height : format == V4L2_PIX_FMT_GREY ? width * height : width * height * 3 / 2;
}

static void describe(struct v4l2_format *f) {
	f->fmt.pix.width = width;
	f->fmt.pix.height = height;
	f->fmt.pix.pixelformat = format;
	f->fmt.pix.field = V4L2_FIELD_NONE;
	f->fmt.pix.bytesperline = format == V4L2_PIX_FMT_YUYV ? 2 * width : width;
	f->fmt.pix.sizeimage = SIZE;
}

static int answer(unsigned long request, void *arg) {
	switch (request) {
	case VIDIOC_QUERYCAP: {
		struct v4l2_capability *c = arg;
		memset(c, 0, sizeof *c);
		strcpy((char *)c->driver, "shim");
		c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
		c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
		return 0;
	}
	case VIDIOC_G_INPUT: *(int *)arg = 0; return 0;
	case VIDIOC_S_INPUT: return 0;
	case VIDIOC_ENUMINPUT: return ((struct v4l2_input *)arg)->index ? (errno = EINVAL, -1) : 0;
	case VIDIOC_S_FMT:
	case VIDIOC_TRY_FMT:
	case VIDIOC_G_FMT: { // its own format, and sizes up to VGA
		struct v4l2_format *f = arg;
		if (request != VIDIOC_G_FMT && f->fmt.pix.width > 0 && f->fmt.pix.width <= 640 && f->fmt.pix.height <= 480) {
			width = f->fmt.pix.width & ~1;
			height = f->fmt.pix.height & ~1;
		}
		describe(f);
		return 0;
	}
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM: {
		struct v4l2_streamparm *p = arg;
		p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
		p->parm.capture.timeperframe.numerator = 1;
		p->parm.capture.timeperframe.denominator = 15;
		return 0;
	}
	case VIDIOC_QUERYCTRL: {
		struct v4l2_queryctrl *q = arg;
		q->minimum = 0;
		q->maximum = q->id == V4L2_CID_EXPOSURE_ABSOLUTE ? max_exposure : 100;
		q->flags = 0;
		return 0;
	}
	case VIDIOC_S_CTRL:
	case VIDIOC_G_CTRL: {
		struct v4l2_control *c = arg;
		int *v = c->id == V4L2_CID_EXPOSURE_AUTO ? &autoexp : c->id == V4L2_CID_EXPOSURE_ABSOLUTE ? &exposure : c->id == V4L2_CID_GAIN ? &gain : 0;
		if (!v) return errno = EINVAL, -1;
		if (request == VIDIOC_S_CTRL) {
			if (v == &exposure && autoexp != 1) return errno = EIO, -1; // as drivers do
			*v = v == &exposure && c->value > max_exposure ? max_exposure : c->value;
		}
		c->value = *v;
		return 0;
	}
	case VIDIOC_REQBUFS: {
		struct v4l2_requestbuffers *r = arg;
		if (r->count > BUFFERS) r->count = BUFFERS;
		head = tail = 0;
		return 0;
	}
	case VIDIOC_QUERYBUF: {
		struct v4l2_buffer *b = arg;
		b->m.offset = b->index * SIZE;
		b->length = SIZE;
		return 0;
	}
	case VIDIOC_QBUF: queue[tail++ % (BUFFERS * 2)] = ((struct v4l2_buffer *)arg)->index; return 0;
	case VIDIOC_DQBUF: {
		struct v4l2_buffer *b = arg;
		if (head == tail) return errno = EAGAIN, -1;
		if (limit && frames >= limit) return errno = ENODEV, -1;
		usleep(20000);
		b->index = queue[head++ % (BUFFERS * 2)];
		frames++;
		b->bytesused = draw(memory + b->index * SIZE);
		b->length = SIZE;
		b->flags = 0;
		b->sequence = frames;
		return 0;
	}
	case VIDIOC_STREAMON:
	case VIDIOC_STREAMOFF: return 0;
	}
	errno = EINVAL;
	return -1;
}

int ioctl(int fd, unsigned long request, ...) {
	va_list a;
	va_start(a, request);
	void *arg = va_arg(a, void *);
	va_end(a);
	if (fd == cam && cam >= 0) return answer(request, arg);
	return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl"))(fd, request, arg);
}
