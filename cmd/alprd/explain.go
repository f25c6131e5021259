package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"

	"alprd/internal/alpr"
	"alprd/internal/ocr"
)

// explainer writes a page for every picture and one explain.json into a folder that a person named. What it writes shows plates in the
// clear; nothing else of this program does.
type explainer struct {
	dir   string
	page  *template.Template
	taken map[string]bool
	told  []explained
}

//go:embed explain.html
var explainPage string

// errNowhere is returned when an explanation is asked for without a folder to put it in, or a folder is given for nothing.
var errNowhere = explainError("--explain and --out go together")

type explainError string

func (e explainError) Error() string { return string(e) }
func (e explainError) Hint() string {
	return "alprd read --explain PICTURE --out DIR writes what was seen, plates in the clear, into DIR"
}
func (e explainError) ExitCode() int { return exitUsage }

func newExplainer(dir string) (*explainer, error) {
	page, err := template.New("explain").Funcs(template.FuncMap{"percent": percentOf, "wide": func(p float64) template.CSS { return template.CSS(fmt.Sprintf("width:%.1f%%", 100*p)) }}).Parse(explainPage)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return &explainer{dir: dir, page: page, taken: map[string]bool{}}, nil
}

// explained is a picture's entry in explain.json.
type explained struct {
	File   string           `json:"file"`
	Page   string           `json:"page"` // beside explain.json
	Width  int              `json:"width"`
	Height int              `json:"height"`
	Places []explainedPlace `json:"places"`
}

type explainedPlace struct {
	Verdict ocr.Verdict     `json:"verdict"`
	Why     string          `json:"why"`
	Heat    float64         `json:"heat"`
	Quality explainedValues `json:"quality"`
	Signs   explainedSigns  `json:"signs"`
	Views   []explainedView `json:"views"`
	plateLine
}

type explainedValues struct {
	WidthPx    float64 `json:"width_px"`
	HeightPx   float64 `json:"height_px"`
	Contrast   float64 `json:"contrast"`
	ClippedPct float64 `json:"clipped_pct"`
	EdgePx     float64 `json:"edge_px"`
	RollDeg    float64 `json:"roll_deg"`
	ShearDeg   float64 `json:"shear_deg"`
	Aspect     float64 `json:"aspect"`
}

// explainedSigns are what the confidence is made of.
type explainedSigns struct {
	Share   float64 `json:"share"`
	Own     float64 `json:"own"`
	Second  float64 `json:"second"`
	Empty   float64 `json:"empty"`
	Least   float64 `json:"least"`
	Best    float64 `json:"best"`
	Agree   float64 `json:"agree"`
	Weakest float64 `json:"weakest"`
	Hidden  float64 `json:"hidden"`
	Chars   int     `json:"chars"`
}

type explainedView struct {
	Margin    float64 `json:"margin"`
	Text      string  `json:"text"`
	Score     float64 `json:"score"`
	Columns   []int   `json:"columns"`
	Posterior string  `json:"posterior"` // as --posteriors writes them
}

// picture explains one picture.
func (x *explainer) picture(file string, img *image.YCbCr, e ocr.Explanation) error {
	entry := explained{File: file, Page: x.name(file), Width: img.Rect.Dx(), Height: img.Rect.Dy(), Places: []explainedPlace{}}
	for _, p := range e.Places {
		entry.Places = append(entry.Places, explainPlace(p))
	}
	var b bytes.Buffer
	if err := x.page.Execute(&b, pageOf(file, img, e)); err != nil {
		return fmt.Errorf("explain %s: %w", file, err)
	}
	if err := os.WriteFile(filepath.Join(x.dir, entry.Page), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("explain %s: %w", file, err)
	}
	x.told = append(x.told, entry)
	return nil
}

// signsLine is a picture's entry without its matrices.
func signsLine(file string, img *image.YCbCr, e ocr.Explanation) explained {
	line := explained{File: file, Width: img.Rect.Dx(), Height: img.Rect.Dy(), Places: []explainedPlace{}}
	for _, p := range e.Places {
		place := explainPlace(p)
		for i := range place.Views {
			place.Views[i].Posterior = ""
		}
		line.Places = append(line.Places, place)
	}
	return line
}

func explainPlace(p ocr.Place) explainedPlace {
	q, s, o := p.Quality, p.Signs, readOptions{}
	out := explainedPlace{
		Verdict: p.Verdict, Why: why(p), Heat: round(p.Heat, 4), plateLine: o.plate(p.Read),
		Quality: explainedValues{round(q.Width, 1), round(q.Height, 1), q.Contrast, round(100*q.Clipped, 2), round(q.Edge, 2), round(q.Roll, 1),
			round(q.Shear, 1), round(q.Aspect, 2)},
		Signs: explainedSigns{round(s.Share, 6), round(s.Own, 6), round(s.Second, 6), round(s.Empty, 6), round(s.Least, 6), round(s.Best, 6), round(s.Agree, 3),
			round(s.Weakest, 6), round(s.Hidden, 4), s.Chars},
	}
	for _, v := range p.Views {
		out.Views = append(out.Views, explainedView{v.Margin, v.Best, round(v.Score, 6), v.Columns, v.Posterior.Half()})
	}
	return out
}

// close writes explain.json.
func (x *explainer) close() error {
	b, err := json.MarshalIndent(map[string]any{"pictures": x.told}, "", " ")
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	if err := os.WriteFile(filepath.Join(x.dir, "explain.json"), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	return nil
}

// name is a page's file name: the picture's, made unlike those of other folders.
func (x *explainer) name(file string) string {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name := base + ".html"
	for i := 2; x.taken[name]; i++ {
		name = fmt.Sprintf("%s-%d.html", base, i)
	}
	x.taken[name] = true
	return name
}

// checkOut refuses a folder that can't be one before any picture is read.
func checkOut(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return explainError(dir + " is not a folder")
	}
	return fmt.Errorf("explain: %w", err)
}

// ---- the page ----

type explainView struct {
	Name          string
	Width, Height int
	Picture       template.URL
	Sum           string
	Places        []placeView
}

type placeView struct {
	N              int
	Class          string // "reported", "dropped", "faint"
	Verdict, Why   string
	Points         string // of the quad, for SVG
	LabelX, LabelY float64
	LabelSize      float64
	Line           float64
	Text           []charView
	Weakest        string
	Confidence     float64
	WeakestP       float64
	Region         string
	Heat           float64
	Views          []viewView
	Slots          []slotView
	LatticeWide    float64
	Candidates     []candidateView
	Measures       []measureView
	Advice         []string
}

type charView struct {
	Char        string
	P           float64
	Weak, Small bool
}

type viewView struct {
	Margin  string
	Picture template.URL
	Text    string
	Score   float64
	Marks   []markView
	Columns int
}

type markView struct {
	Char string
	X    float64 // 0..480
	P    float64 // of the character in its column
	H, Y float64 // of its bar
	Bad  bool
}

type slotView struct {
	X    float64
	Bars []barView
}

type barView struct {
	Char    string
	X, Y, H float64
	P       float64
	Best    bool
}

type candidateView struct {
	Text string
	P    float64
}

type measureView struct {
	Name, Value, Wanted string
	Grade               string // "pass", "warn", "fail", ""
}

const pageWidth = 1600 // of the picture on the page, at most

func pageOf(file string, img *image.YCbCr, e ocr.Explanation) explainView {
	v := explainView{Name: filepath.Base(file), Width: img.Rect.Dx(), Height: img.Rect.Dy(), Picture: jpegURL(img)}
	reported := 0
	for i, p := range e.Places {
		v.Places = append(v.Places, viewOf(i+1, p, v.Width))
		if p.Verdict == ocr.Reported {
			reported++
		}
	}
	v.Sum = fmt.Sprintf("%s reported; %s looked at and dropped.", count(reported, "plate"), count(len(e.Places)-reported, "place"))
	return v
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func viewOf(n int, p ocr.Place, width int) placeView {
	v := placeView{N: n, Class: "dropped", Verdict: string(p.Verdict), Heat: p.Heat, Confidence: p.Read.Confidence, WeakestP: p.Read.Weakest, Region: "unknown"}
	switch p.Verdict {
	case ocr.Reported:
		v.Class = "reported"
	case ocr.Faint:
		v.Class = "faint"
	}
	v.Why = why(p)
	var points []string
	for _, c := range p.Corners {
		points = append(points, fmt.Sprintf("%.1f,%.1f", c.X, c.Y))
	}
	v.Points = strings.Join(points, " ")
	v.LabelX, v.LabelY = p.Corners[0].X, p.Corners[0].Y-float64(width)/200
	v.LabelSize, v.Line = float64(width)/45, float64(width)/400
	if r := p.Read; r.Region != "" {
		v.Region = fmt.Sprintf("%s, %s sure", strings.ToUpper(strings.TrimPrefix(r.Region, "us-")), percentOf(r.RegionConfidence))
	}
	small := map[int]bool{}
	for _, at := range p.Read.Small {
		small[at] = true
	}
	weak := 2.0
	for _, slot := range p.Read.Lattice {
		if len(slot) > 0 && slot[0].Text != "" {
			v.Text = append(v.Text, charView{Char: slot[0].Text, P: slot[0].P, Small: small[len(v.Text)]})
			weak = min(weak, slot[0].P)
		}
	}
	for i := range v.Text {
		if v.Text[i].P == weak && weak < 0.995 && v.Weakest == "" {
			v.Text[i].Weak = true
			v.Weakest = v.Text[i].Char
		}
	}
	v.Slots, v.LatticeWide = slotsOf(p.Read.Lattice)
	for _, c := range p.Read.Candidates {
		v.Candidates = append(v.Candidates, candidateView{c.Text, c.Confidence})
	}
	for _, look := range p.Views {
		v.Views = append(v.Views, viewLook(look))
	}
	v.Measures, v.Advice = measures(p.Quality)
	return v
}

// why is the verdict in words.
func why(p ocr.Place) string {
	c, heat := percentOf(p.Read.Confidence), percentOf(p.Heat)
	switch p.Verdict {
	case ocr.Reported:
		open := ""
		if strings.ContainsRune(p.Read.Plate.Text(), alpr.Beyond) {
			open += " The picture's edge cuts the plate: * stands for what is beyond it, and no list is matched as if that weren't there."
		}
		if strings.ContainsRune(p.Read.Plate.Text(), alpr.Unreadable) {
			open += " ? is a character that can't be read."
		}
		return fmt.Sprintf("Reported: the finder is %s sure of a plate, the text %s.%s", heat, c, open)
	case ocr.Faint:
		return fmt.Sprintf("Dropped before reading: the finder is only %s sure that this is a plate. What stands below was read for this page alone.", heat)
	case ocr.CutOff:
		return "Dropped: the picture's edge cuts it and leaves too little to tell what plate it is."
	case ocr.Blank:
		return "Dropped: no text can be read here."
	case ocr.TooShort:
		return fmt.Sprintf("Dropped: two or three characters are a sign or a badge more often than a plate, and text (%s) or finder (%s) is not sure enough.", c, heat)
	case ocr.Bare:
		return "Dropped: nothing is written, drawn or stuck above or below the characters. Plates have a state's name or at least bolts there, stickers and boards have not."
	case ocr.Doubtful:
		return fmt.Sprintf("Dropped: there is a text (%s sure), but the finder is only %s sure that it is a plate's.", c, heat)
	case ocr.Unsure:
		return fmt.Sprintf("Dropped: the best text is only %s sure, and the finder %s.", c, heat)
	}
	return "Dropped: " + string(p.Verdict) + "."
}

// The chart of a lattice: each slot a column of bars, the best alternatives from the left, as high as they are probable.
const (
	slotHigh = 90.0
	barWide  = 16.0
	slotGap  = 14.0
	mostBars = 4
	leastBar = 0.005

	surelyNothing = 0.98 // a gap that hardly any candidate fills is not worth a place in the chart
)

func slotsOf(l alpr.Lattice) ([]slotView, float64) {
	var slots []slotView
	x := slotGap / 2
	for _, slot := range l {
		if len(slot) > 0 && slot[0].Text == "" && slot[0].P > surelyNothing {
			continue
		}
		s := slotView{X: x}
		for i, c := range slot {
			if i == mostBars || i > 0 && c.P < leastBar {
				break
			}
			char := c.Text
			if char == "" {
				char = "∅"
			}
			h := max(1, slotHigh*c.P)
			s.Bars = append(s.Bars, barView{Char: char, X: x, Y: slotHigh - h, H: h, P: c.P, Best: i == 0})
			x += barWide
		}
		x += slotGap
		slots = append(slots, s)
	}
	return slots, x
}

func viewLook(look ocr.View) viewView {
	v := viewView{Margin: fmt.Sprintf("%.0f %% wider", 100*look.Margin), Picture: pngURL(look.Grey), Text: look.Best, Score: look.Score, Columns: look.Posterior.Columns()}
	for i, at := range look.Columns {
		if i >= len(look.Best) {
			break
		}
		p := 0.0
		if k := strings.IndexByte(alpr.Alphabet, look.Best[i]); k >= 0 {
			p = math.Exp(float64(look.Posterior.Row(at)[k]))
		}
		v.Marks = append(v.Marks, markView{Char: look.Best[i : i+1], X: (float64(at) + .5) / float64(v.Columns) * 480, P: p, H: 30 * p, Y: 30 - 30*p, Bad: p < .9})
	}
	return v
}

// measures grades the picture of a plate as the aiming table does: what is short of it is what to mend.
func measures(q ocr.Quality) (all []measureView, advice []string) {
	add := func(name, value, wanted, mend string, pass, warn bool) {
		grade := "fail"
		switch {
		case pass:
			grade = "pass"
		case warn:
			grade = "warn"
		}
		all = append(all, measureView{name, value, wanted, grade})
		if grade == "fail" {
			advice = append(advice, mend)
		}
	}
	add("character height", fmt.Sprintf("%.0f px", math.Floor(q.CharPx)), "20 px or more", "Characters are too small: a longer lens, more pixels, or a camera nearer to the lane.", q.CharPx >= 20, q.CharPx >= 15)
	add("plate width", fmt.Sprintf("%.0f px", math.Floor(q.Width)), "100–250 px", "The plate is too narrow: a longer lens, or a camera nearer to the lane.", q.Width >= 100 && q.Width <= 250, q.Width >= 75)
	add("contrast", fmt.Sprintf("%.0f of 255", q.Contrast), "60 or more", "Ink and ground hardly differ: look at exposure, glare and the infrared lamp.", q.Contrast >= 60, q.Contrast >= 25)
	add("burnt out or black", fmt.Sprintf("%.1f %%", 100*q.Clipped), "at most 1 %", "Part of the plate is burnt out or black: shorter exposure, less gain, a lamp further from the lens.", q.Clipped <= .01, q.Clipped <= .05)
	add("edges of strokes", fmt.Sprintf("%.1f px", q.Edge), "at most 2 px", "Strokes are blurred: focus, or a faster shutter.", q.Edge <= 2, q.Edge <= 3)
	add("roll", fmt.Sprintf("%+.0f°", q.Roll), "within 5°", "The plate lies askew: turn the camera level with the road.", math.Abs(q.Roll) <= 5, math.Abs(q.Roll) <= 10)
	add("width by height", fmt.Sprintf("%.2f", q.Aspect), "2, seen straight", "The plate is seen from far aside, or is no US plate: a camera nearer to the lane's axis.", q.Aspect >= 1.6 && q.Aspect <= 2.4, q.Aspect >= 1.3 && q.Aspect <= 2.9)
	return all, advice
}

func percentOf(p float64) string {
	switch {
	case p > .995 && p < 1:
		return "> 99 %"
	case p > 0 && p < .005:
		return "< 1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*p)
}

func jpegURL(img *image.YCbCr) template.URL {
	var m image.Image = img
	if w, h := img.Rect.Dx(), img.Rect.Dy(); max(w, h) > pageWidth {
		k := float64(pageWidth) / float64(max(w, h))
		small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(w)*k)), max(1, int(float64(h)*k))))
		draw.CatmullRom.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
		m = small
	}
	var b bytes.Buffer
	if jpeg.Encode(&b, m, &jpeg.Options{Quality: 88}) != nil {
		return ""
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

func pngURL(g *image.Gray) template.URL {
	var b bytes.Buffer
	if png.Encode(&b, g) != nil {
		return ""
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}
