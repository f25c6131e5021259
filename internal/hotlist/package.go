package hotlist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"

	"github.com/klauspost/compress/zstd"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

// Package is a list whose manifest is signed by a trusted key. It is sealed until one of the Unlock methods was given a key
// that fits. Its chunks are checked as they are read.
type Package struct {
	manifest Manifest
	signed   []byte
	key      trust.PublicKey
	keys     []trust.ContentKey // of the parts; nil while locked
	chunk    func(sha string) ([]byte, error)
	places   places // of the entries, where there is a delta
	details  details
}

// Decode takes a signed manifest and a way to get a chunk by its SHA-256 (in hexadecimal), from wherever they are kept.
// Errors: the manifest's; chunks are not read yet.
func Decode(manifest []byte, chunk func(sha string) ([]byte, error), keys ...trust.PublicKey) (*Package, error) {
	m, key, err := readManifest(manifest, keys)
	if err != nil {
		return nil, err
	}
	return &Package{manifest: m, signed: bytes.Clone(manifest), key: key, chunk: chunk}, nil
}

// Open reads the manifest of a package's directory, for example os.DirFS(dir).
func Open(dir fs.FS, keys ...trust.PublicKey) (*Package, error) {
	manifest, err := readFile(dir, ManifestName, MaxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{errors.New("there is no manifest.jws: this is no list package"), "give the directory that alprctl hotlist publish --to wrote"}
	}
	if err != nil {
		return nil, fmt.Errorf("open the list package: %w", err)
	}
	return Decode(manifest, func(sha string) ([]byte, error) { return readFile(dir, sha, MaxChunk) }, keys...)
}

// OpenFor opens a directory's package with a unit's key.
func OpenFor(dir fs.FS, me trust.Opener, keys ...trust.PublicKey) (*Package, error) {
	p, err := Open(dir, keys...)
	if err != nil {
		return nil, err
	}
	grant, err := readFile(dir, GrantName(me.Recipient().Name), MaxGrant)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{fmt.Errorf("%w: it isn't sealed to the unit %s", ErrLocked, me.Recipient().Name), "give the publisher this unit's key (alprd keys), and have the list published again with it"}
	}
	if err != nil {
		return nil, fmt.Errorf("open the list package: %w", err)
	}
	return p, p.Unlock(grant, me)
}

func readFile(dir fs.FS, name string, limit int64) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: a file is larger than a package's can be", ErrDamaged)
	}
	return b, nil
}

// Manifest is what the package says of itself.
func (p *Package) Manifest() Manifest { return p.manifest }

// Info is what hits tell about the list.
func (p *Package) Info() alpr.ListInfo { return p.manifest.Info() }

// Signed is the manifest as it was signed, to be kept with the chunks.
func (p *Package) Signed() []byte { return bytes.Clone(p.signed) }

// Key is the key that signed it.
func (p *Package) Key() trust.PublicKey { return p.key }

// Chunk is a chunk's file, its hash and size checked; still sealed.
func (p *Package) Chunk(c Chunk) ([]byte, error) {
	b, err := p.chunk(c.SHA256)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = hinted{fmt.Errorf("%w: chunk %.12s… is missing", ErrDamaged, c.SHA256), "copy the whole directory again"}
		}
		return nil, err
	}
	return b, c.Check(b)
}

// Check says whether these bytes are the chunk.
func (c Chunk) Check(b []byte) error {
	if sum := sha256.Sum256(b); len(b) != c.Size || hex.EncodeToString(sum[:]) != c.SHA256 {
		return hinted{fmt.Errorf("%w: chunk %.12s… is not what was signed", ErrDamaged, c.SHA256), "copy or publish the whole package again"}
	}
	return nil
}

// Entries yields every entry in the order of the folded plates, or an error and nothing after it. What was yielded before an error
// is genuine, but not the whole list: use it only when no error came.
func (p *Package) Entries() iter.Seq2[alpr.Entry, error] {
	return func(yield func(alpr.Entry, error) bool) {
		classes := map[string]int{} // what Admit judged must be what is there
		n := 0
		err := p.records(func(record []byte) error {
			e, err := parseRecord(record)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			n++
			classes[e.Class]++
			if !yield(e, nil) {
				return errStop
			}
			return nil
		})
		if err == nil && (n != p.manifest.Count || !maps.Equal(classes, p.manifest.Classes)) {
			err = fmt.Errorf("%w: other entries or classes than the manifest says", ErrDamaged)
		}
		if err != nil && err != errStop {
			yield(alpr.Entry{}, err)
		}
	}
}

var errStop = errors.New("stop")

// Check reads every chunk and every entry.
func (p *Package) Check() error {
	for _, err := range p.Entries() {
		if err != nil {
			return err
		}
	}
	return nil
}

// records yields the list's records: the snapshot's, changed as the delta says.
func (p *Package) records(yield func([]byte) error) error {
	if p.keys == nil {
		return ErrLocked
	}
	if len(p.manifest.Parts) == 1 {
		return p.part(0, snapshotMagic, yield)
	}
	c := &changes{}
	if err := p.part(1, deltaMagic, func(r []byte) error { return c.add(r) }); err != nil {
		return err
	}
	at, err := c.apply(func(yield func([]byte) error) error { return p.part(0, snapshotMagic, yield) }, yield)
	if err == nil {
		p.places = at
	}
	return err
}

// part opens and unpacks the chunks of a part and yields their records, in order; a record is the caller's until the next.
func (p *Package) part(n int, magic string, yield func([]byte) error) error {
	o, err := newOpening()
	if err != nil {
		return err
	}
	defer o.close()
	var last []byte
	for i, c := range p.manifest.Parts[n].Chunks {
		raw, err := p.raw(o, n, i)
		if err != nil {
			return err
		}
		err = records(raw, magic, c.Count, func(record []byte) error {
			if bytes.Compare(last, sortKey(magic, record)) >= 0 {
				return fmt.Errorf("%w: entries out of order", ErrDamaged)
			}
			last = append(last[:0], sortKey(magic, record)...)
			return yield(record)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// opening is what opening chunks needs again and again.
type opening struct {
	z      *zstd.Decoder
	packed []byte
	room   []byte
}

func newOpening() (*opening, error) {
	// The decoder's memory is what one chunk may unpack to: a bomb ends as an error.
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRaw), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("prepare to unpack the list: %w", err)
	}
	return &opening{z: z}, nil
}

func (o *opening) close() { o.z.Close() }

// raw is a chunk opened and unpacked, in o's room.
func (p *Package) raw(o *opening, n, i int) ([]byte, error) {
	part := p.manifest.Parts[n]
	c := part.Chunks[i]
	sealed, err := p.Chunk(c)
	if err != nil {
		return nil, err
	}
	if o.packed, err = p.keys[n].Open(o.packed[:0], chunkContext(p.manifest, part, i), sealed); err != nil {
		return nil, fmt.Errorf("%w: chunk %.12s… doesn't open", ErrDamaged, c.SHA256)
	}
	if cap(o.room) < c.RawSize {
		o.room = make([]byte, 0, max(c.RawSize, cutRaw+maxRecord))
	}
	raw, err := o.z.DecodeAll(o.packed, o.room[:0:c.RawSize])
	if err != nil || len(raw) != c.RawSize {
		return nil, fmt.Errorf("%w: chunk %.12s… doesn't unpack to its size", ErrDamaged, c.SHA256)
	}
	return raw, nil
}

// chunkContext binds a chunk to its place: no chunk opens as another one's.
func chunkContext(m Manifest, p Part, i int) string {
	return fmt.Sprintf("alprd hot-list chunk\n%s\n%s\n%s\n%d\n%d\n", m.Fleet, m.List, p.Kind, p.Version, i)
}
