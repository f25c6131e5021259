package ocr

import "embed"

// shipped holds the networks that training/ made. There is no way to load others: what OpenCV can't load aborts it.
//
//go:embed weights
var shipped embed.FS
