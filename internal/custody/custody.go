// Package custody is the rules of law and policy that a unit obeys, whoever asks and by whatever way: which role may do what,
// for which purposes, what an entry made by hand needs and when it is over. It keeps nothing and knows no files.
package custody

import (
	"fmt"
	"slices"
	"strings"

	"alprd/internal/trust"
)

// What commands ask for: the Type of a trust.Command.
const (
	EntryAdd    = "entry.add"
	EntryExtend = "entry.extend"
	EntryRemove = "entry.remove"
	EntryList   = "entry.list"
)

// may says which roles may give which command. One that stands nowhere may be given by nobody.
func may(command string) []trust.Role {
	switch command {
	case EntryAdd, EntryExtend, EntryRemove, EntryList:
		return []trust.Role{trust.Operator, trust.Investigator, trust.Administrator}
	}
	return nil
}

// Allow refuses a command that the unit doesn't know, or that the role may not give (R16).
func Allow(role trust.Role, command string) error {
	roles := may(command)
	switch {
	case roles == nil:
		return trust.Refuse(trust.RefusedType, "this unit knows no command "+command, "update alprd, or see docs/commands.md for what there is")
	case !slices.Contains(roles, role):
		return trust.Refuse(trust.RefusedRole, fmt.Sprintf("the role %s may not give the command %s", role, command), fmt.Sprintf("let somebody with one of these roles do it: %s", list(roles)))
	}
	return nil
}

// SeesCovert reports whether a role may know of covert entries. To all others they don't exist.
func SeesCovert(role trust.Role) bool { return role == trust.Administrator }

// LooksBack reports whether a role may ask what was seen before.
func LooksBack(role trust.Role) bool {
	return role == trust.Investigator || role == trust.Administrator
}

func list(roles []trust.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}

// Purposes are what plates may be looked for, where the agency's profile doesn't choose among them. Traffic violations are not
// among them and can't be added (N.C.G.S. 20-183.31(b), R14).
func Purposes() []string {
	return []string{"criminal_investigation", "stolen_vehicle", "wanted_person", "missing_person", "amber_alert", "protective_order", "crash_investigation", "public_safety", "audit"}
}

// CheckPurpose refuses a purpose that is missing or not among the allowed.
func CheckPurpose(purpose string, allowed []string) error {
	for _, word := range strings.FieldsFunc(strings.ToLower(purpose), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if word == "traffic" || word == "parking" || word == "toll" || word == "tolls" {
			return trust.Refuse(trust.RefusedPurpose, "traffic enforcement is no purpose that plate readers may serve", "N.C.G.S. 20-183.31(b) forbids it")
		}
	}
	if purpose == "" || !slices.Contains(allowed, purpose) {
		what := fmt.Sprintf("%q is no purpose that this agency's profile allows", purpose)
		if purpose == "" {
			what = "the purpose is missing"
		}
		return trust.Refuse(trust.RefusedPurpose, what, "give --purpose, one of "+strings.Join(allowed, ", "))
	}
	return nil
}
