package main

import (
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
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/trust"
)

// unit is one unit, reached through its local socket.
type unit struct {
	address string
	http    http.Client
}

// openUnit takes unix:PATH.
func openUnit(address string) (*unit, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok || path == "" {
		return nil, usageError{fmt.Errorf("--unit %s is no address of a unit: write unix: and the path of its socket, as unix:/run/alprd/alprd.sock", address), "alprctl"}
	}
	u := &unit{address: address}
	u.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", path)
		if err != nil {
			hint := "start it (systemctl start alprd), or mend the path behind unix:"
			if errors.Is(err, fs.ErrPermission) {
				hint = "run this as root or as the user alprd"
			}
			return nil, hinted{fmt.Errorf("no running alprd answers at %s: %w", path, errors.Unwrap(err)), hint}
		}
		return conn, nil
	}}
	return u, nil
}

// call asks the unit, and decodes its answer into out, also when it is a refusal.
func (u *unit) call(ctx context.Context, method, path string, body []byte, out any) (ok bool, err error) {
	defer u.http.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://alprd"+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	resp, err := u.http.Do(req)
	if err != nil {
		var h hinted
		if errors.As(err, &h) {
			return false, h
		}
		return false, fmt.Errorf("ask the unit: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnprocessableEntity {
		return false, hinted{fmt.Errorf("the unit answered %s", resp.Status), "alprd and alprctl may be of different versions: alprd status shows the unit's"}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(out); err != nil {
		return false, fmt.Errorf("the unit's answer: %w", err)
	}
	return resp.StatusCode == http.StatusOK, nil
}

// refusal is what a unit would not or could not do.
type refusal struct {
	What string `json:"error"`
	Mend string `json:"hint"`
	Code int    `json:"exit_code"`
}

func (r *refusal) Error() string { return r.What }
func (r *refusal) Hint() string  { return r.Mend }
func (r *refusal) ExitCode() int { return max(r.Code, exitFailed) }

// commander makes signed commands and sends them.
type commander struct {
	unit           string
	key            string
	passphraseFile string
	roster         string
	purpose        string
	caseNumber     string
	validFor       time.Duration
	json           bool
}

func (m *commander) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&m.unit, "unit", "", "the unit: unix: and the path of its socket, as unix:/run/alprd/alprd.sock")
	f.StringVar(&m.key, "key", "", "your private key file")
	f.StringVar(&m.passphraseFile, "passphrase-file", "", "read the key's passphrase from the first line of this file")
	f.StringVar(&m.roster, "roster", "", "the agency's roster, which says who you are (default: roster.jws beside your key)")
	f.StringVar(&m.purpose, "purpose", "", "what for: "+strings.Join(custody.Purposes(), ", "))
	f.StringVar(&m.caseNumber, "case", "", "number of the case")
	f.DurationVar(&m.validFor, "valid-for", 10*time.Minute, "how long the command may be on its way")
	f.BoolVar(&m.json, "json", false, "print the unit's answer as JSON")
	for _, name := range []string{"unit", "key", "purpose"} {
		c.MarkFlagRequired(name)
	}
}

// send signs a command with this body and has the unit obey it. What the unit refuses is an error. The body is made when the time of issue is
// known.
func (m *commander) send(c *cobra.Command, typ string, body func(issued time.Time) (any, error)) (custody.Reply, error) {
	var reply custody.Reply
	u, err := openUnit(m.unit)
	if err != nil {
		return reply, err
	}
	issued := time.Now().UTC().Truncate(time.Millisecond)
	asked, err := body(issued)
	if err != nil {
		return reply, err
	}
	raw, err := trust.Encode(asked)
	if err != nil {
		return reply, err
	}
	if m.roster == "" {
		m.roster = filepath.Join(filepath.Dir(m.key), "roster.jws")
	}
	roster, err := readRoster(m.roster)
	if err != nil {
		return reply, err
	}
	var status struct {
		Unit alpr.UnitName `json:"unit"`
	}
	if _, err := u.call(c.Context(), http.MethodGet, "/status", nil, &status); err != nil {
		return reply, err
	}
	private, err := openKey(c, m.key, m.passphraseFile)
	if err != nil {
		return reply, err
	}
	me, ok := roster.Find(private.Public().Fingerprint())
	if !ok {
		return reply, hinted{fmt.Errorf("%s doesn't know your key, %s", m.roster, private.Public().Fingerprint()), "have the agency's root vouch for it: alprctl trust vouch; or name the present roster with --roster"}
	}
	counter, err := nextCounter(m.key)
	if err != nil {
		return reply, err
	}
	message, err := trust.Command{
		ID: alpr.NewID(issued), Unit: status.Unit.ID, Type: typ, Counter: counter, IssuedAt: alpr.Time{Time: issued}, ExpiresAt: alpr.Time{Time: issued.Add(m.validFor)},
		Actor: trust.Actor{Name: me.Name, Role: me.Role, Agency: me.Agency}, Purpose: m.purpose, Case: m.caseNumber, Body: raw,
	}.Sign(private)
	if err != nil {
		return reply, err
	}
	ok, err = u.call(c.Context(), http.MethodPost, "/commands", message, &reply)
	if err == nil && !ok {
		err = &refusal{reply.What, reply.Mend, reply.Code}
	}
	return reply, err
}

// nextCounter is the next number that this key may sign: it stands beside the key, and is on the disk before it is used.
func nextCounter(key string) (uint64, error) {
	path := strings.TrimSuffix(key, ".key") + ".counter"
	lock := path + ".lock"
	for wait := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			f.Close()
			defer os.Remove(lock)
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return 0, fmt.Errorf("the counter beside the key: %w", err)
		}
		if time.Now().After(wait) {
			return 0, hinted{fmt.Errorf("another alprctl is signing with this key: %s is there", lock), "wait for it; if there is none, remove that file"}
		}
	}
	n := uint64(0)
	raw, err := os.ReadFile(path)
	if err == nil {
		n, err = strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, hinted{fmt.Errorf("the counter beside the key can't be read: %w", err), "write the highest number that this key has signed into " + path + "; a unit that refuses a command names it"}
	}
	os.Remove(path + ".new") // left by a crash
	if err := writeNew(path+".new", []byte(strconv.FormatUint(n+1, 10)+"\n"), 0o600); err != nil {
		return 0, fmt.Errorf("the counter beside the key: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return 0, fmt.Errorf("the counter beside the key: %w", err)
	}
	return n + 1, nil
}

// length reads 72h, 45m or 30d.
func length(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, usageError{fmt.Errorf("%q is no length of time: write 12h or 30d", s), "alprctl entry"}
	}
	return d, nil
}
