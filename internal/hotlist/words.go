package hotlist

// Region is the state that somebody wrote, "us-nc", or "" for an empty field; ok is false for what is no state.
func Region(field string) (code string, ok bool) { return region(field, false) }

// Class is the class that a category's words mean, and its priority where nobody gives one: 0 is most urgent, 100 least.
func Class(category string) (word string, priority int) {
	c := classOfWords(category)
	return c.word, c.priority
}
