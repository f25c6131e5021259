package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"alprd/internal/custody"
	"alprd/internal/trust"
)

// maxPackage bounds a hot-list package that is handed over the socket, bytes. Ten million entries take about 150 MB.
const maxPackage = 512 << 20

// localAPI is what the running daemon answers on its Unix socket: numbers and states, never a plate (R12, R17), but to who
// signs for it. The socket's mode is the first door: it belongs to the daemon's own user.
type localAPI struct {
	status func() any
	lists  func() any
	key    func() string // the public key that hot lists are sealed to, as a file
	// load checks a signed package and, unless dry, makes it the active version.
	load func(ctx context.Context, pkg fs.FS, dry bool) (any, error)
	// enrol takes a signed roster, command a signed command. What a command answers may hold plates: it is for its signer, who sent it.
	enrol   func(message []byte) (any, error)
	command func(ctx context.Context, message []byte) custody.Reply
}

// refusal is what a refused request answers with.
type refusal struct {
	What string `json:"error"`
	Mend string `json:"hint,omitempty"`
	Code int    `json:"exit_code"`
}

func (r *refusal) Error() string { return r.What }
func (r *refusal) Hint() string  { return r.Mend }
func (r *refusal) ExitCode() int { return r.Code }

func (a localAPI) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.status(), nil) })
	mux.HandleFunc("GET /hotlists", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.lists(), nil) })
	mux.HandleFunc("GET /key", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.key(), nil) })
	mux.HandleFunc("POST /hotlists", func(w http.ResponseWriter, r *http.Request) {
		// The package stays in memory: a spool file would hold the list in the clear (R41).
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPackage))
		if err != nil {
			answer(w, nil, fmt.Errorf("receive package: %w", err))
			return
		}
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			answer(w, nil, fmt.Errorf("receive package: %w", err))
			return
		}
		v, err := a.load(r.Context(), z, r.URL.Query().Has("dry_run"))
		answer(w, v, err)
	})
	mux.HandleFunc("POST /roster", func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, trust.MaxRoster))
		if err != nil {
			answer(w, nil, fmt.Errorf("receive roster: %w", err))
			return
		}
		v, err := a.enrol(message)
		answer(w, v, err)
	})
	mux.HandleFunc("POST /commands", func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, trust.MaxCommand))
		if err != nil {
			answer(w, nil, fmt.Errorf("receive command: %w", err))
			return
		}
		reply := a.command(r.Context(), message)
		w.Header().Set("Content-Type", "application/json")
		if reply.Outcome != custody.Done {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		json.NewEncoder(w).Encode(reply) // a caller that has gone needs no answer: the record has what became of it
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		r := refusal{What: err.Error(), Code: exitFailed}
		var h interface{ Hint() string }
		if errors.As(err, &h) {
			r.Mend = h.Hint()
		}
		var c interface{ ExitCode() int }
		if errors.As(err, &c) {
			r.Code = c.ExitCode()
		}
		w.WriteHeader(http.StatusUnprocessableEntity)
		v = r
	}
	json.NewEncoder(w).Encode(v) // a caller that has gone needs no answer
}

// listen opens the socket: from its return on callers wait for an answer, and are not turned away.
func listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&fs.ModeSocket == 0 {
			return nil, &configError{path, "", "is there and is no socket", "mend socket in the configuration; nothing was removed"}
		}
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, &configError{path, "", "another alprd answers at this socket", "give each unit a socket of its own"}
		}
		if err := os.Remove(path); err != nil { // a dead daemon's
			return nil, fmt.Errorf("socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	return l, nil
}

// serve answers on the socket until ctx ends, and closes it.
func (a localAPI) serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("socket: %w", err)
	}
	return nil
}

// notRunning is returned when nobody answers on the socket.
type notRunning struct {
	path string
	err  error
}

func (e notRunning) Error() string {
	return fmt.Sprintf("no running alprd answers at %s: %v", e.path, e.err)
}
func (e notRunning) Hint() string {
	if errors.Is(e.err, fs.ErrPermission) {
		return "run this as root or as the user alprd"
	}
	return "start it (systemctl start alprd), or name its socket with --socket"
}

// call asks the running daemon, and decodes its answer into out.
func call(ctx context.Context, socket, method, path string, body io.Reader, out any) error {
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, notRunning{socket, errors.Unwrap(err)}
		}
		return conn, nil
	}}}
	defer c.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://alprd"+path, body)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		var n notRunning
		if errors.As(err, &n) {
			return n
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r := &refusal{Code: exitFailed}
		if err := json.NewDecoder(resp.Body).Decode(r); err != nil {
			return fmt.Errorf("the daemon answered %s", resp.Status)
		}
		return r
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// pack puts the files of a package directory into one zip, in memory.
func pack(dir string) (*bytes.Buffer, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, &listError{fmt.Sprintf("%s is no folder with a list package: %v", dir, errors.Unwrap(err)), "a list must be published first: alprctl hotlist publish --to DIR", exitFailed}
	}
	names := []string{}
	for _, f := range files {
		if f.Type().IsRegular() {
			names = append(names, f.Name())
		}
	}
	keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*.json")) // a fixed pattern can't be wrong
	for _, k := range keys {
		names = append(names, "keys/"+filepath.Base(k))
	}
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		r, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("read package: %w", err)
		}
		_, err = io.Copy(w, r)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("read package: %w", err)
		}
		if b.Len() > maxPackage {
			return nil, fmt.Errorf("read package: %s is larger than %d MiB", dir, maxPackage>>20)
		}
	}
	return &b, z.Close()
}
