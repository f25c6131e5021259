package ocr

// release lets the pictures of a track go that was told for the last time: a vehicle that shows again brings its own, and
// two minutes of pictures are hundreds of megabytes.
func (t *track) release() {
	for _, k := range t.looks {
		bare := *k.frame // a read may hold the frame itself
		bare.Image = nil
		k.frame = &bare
	}
}

// pictured reports whether the look's picture is still there.
func (l *look) pictured() bool { return l.frame.Image != nil }
