package ocr

// NorthCarolina expects the state's standard serial, three letters and four digits (ABC-1234), more than other texts. It
// is a gentle prior for a unit that stands there, never a filter: personalised and other states' plates are read
// as they are. Where a die writes O like 0, it lets the format decide.
func NorthCarolina(text string) float64 {
	if len(text) != 7 {
		return 1
	}
	for i := range text {
		if digit := text[i] >= '0' && text[i] <= '9'; digit != (i >= 3) {
			return 1
		}
	}
	return 4
}
