package capture

import (
	"net/url"
	"strconv"
	"strings"
)

// problem is an error somebody can mend: what is wrong, and how.
type problem struct {
	what, hint string
	err        error // cause, may be nil
}

func (p *problem) Error() string {
	if p.err != nil {
		return p.what + ": " + p.err.Error()
	}
	return p.what
}

func (p *problem) Unwrap() error { return p.err }

// Hint says how to mend it.
func (p *problem) Hint() string { return p.hint }

// FileError is a picture that can't be decoded.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Hint says how to mend it.
func (e *FileError) Hint() string {
	return "look at the file: JPEG, PNG, WebP, BMP and TIFF can be read, whole and up to 64 megapixels"
}

func quote(s string) string { return strconv.Quote(s) }

// secrets are the parts of a URL that may not be shown: user, password and query values, as written and decoded. Some
// cameras take user and password in the query or, with "=" signs, in the path.
func secrets(raw string) []string {
	_, rest, found := strings.Cut(raw, "://")
	if !found {
		return nil
	}
	var out []string
	add := func(s string) {
		// A text of one or two characters tells nothing, and hiding it would tear every message apart.
		if len(s) < 3 {
			return
		}
		out = append(out, s)
		if d, err := url.QueryUnescape(s); err == nil && d != s && len(d) > 2 {
			out = append(out, d)
		}
		if d, err := url.PathUnescape(s); err == nil && d != s && len(d) > 2 {
			out = append(out, d)
		}
	}
	if redact(raw) != raw {
		out = append(out, raw)
	}
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && at > len(authority) && !strings.ContainsAny(rest[:at], "?=") {
		// an unescaped slash in a password
		authority, path = rest[:at+1], rest[at+1:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		add(authority[:at])
		add(password)
		add(user)
	}
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/?&;_", r) }) {
		if _, value, found := strings.Cut(part, "="); found {
			add(value)
		}
	}
	return out
}

// redact is a URL fit for logs: scheme and host, and the path where it holds no "=".
func redact(raw string) string {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return raw
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	rest, _, query := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	switch {
	case strings.Contains(path, "=") || query:
		path = "…"
	case path == "":
		return scheme + "://" + host
	}
	return scheme + "://" + host + "/" + path
}

// scrub takes the secrets of a URL out of a text.
func scrub(text, raw string) string {
	for _, s := range secrets(raw) {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}
