package trust

// Code says in one word why a command was refused. Codes are stable: answers and the record of accesses carry them.
type Code string

const (
	RefusedForm      Code = "form"      // not a signed command in its one spelling
	RefusedKey       Code = "key"       // the agency's root doesn't vouch for the key, or the unit knows no root
	RefusedSignature Code = "signature" // changed after it was signed
	RefusedActor     Code = "actor"     // signed in a name, role or agency that the root didn't vouch for
	RefusedEnded     Code = "ended"     // the vouching is over
	RefusedUnit      Code = "unit"      // for another unit
	RefusedExpired   Code = "expired"   // the command is over
	RefusedEarly     Code = "early"     // not issued yet, or before the unit remembers
	RefusedReplay    Code = "replay"    // its counter was used, or is too old to tell
	RefusedRole      Code = "role"      // the signer's role may not
	RefusedType      Code = "type"      // the unit doesn't know what is asked
	RefusedPurpose   Code = "purpose"   // no purpose, or one that isn't allowed
	RefusedBody      Code = "body"      // something in what is asked is missing or wrong
	RefusedEntry     Code = "entry"     // there is no such entry, or it is over
	RefusedVersion   Code = "version"   // a roster that isn't newer
)

// Refusal is why something was not done, in words for a person: what, and how to mend it. Neither ever holds a plate.
type Refusal struct {
	Code Code
	What string
	Mend string
}

// Refuse makes a Refusal.
func Refuse(code Code, what, mend string) *Refusal { return &Refusal{code, what, mend} }

func (r *Refusal) Error() string { return r.What }

// Hint says how to mend it.
func (r *Refusal) Hint() string { return r.Mend }

// ExitCode is that of commands refused by policy.
func (r *Refusal) ExitCode() int { return 3 }
