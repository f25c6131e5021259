package match

// What is to be expected before a picture is seen (docs/decisions/0111). How common a plate's form is isn't among it: the recogniser has learned
// from plates of the road's forms, and counting them again costs recall at the same false hits.

// even is the list of which a plate is as likely as a text that nobody lists.
const even = 1_000_000

// listedWeight is what is expected of a plate of a list of n beside a text that nobody lists: one vehicle in so many is listed,
// and the more plates share in that, the less has each. It never speaks for a plate: a short list is no reason to doubt a reader.
func listedWeight(n int) float64 { return min(1, even/float64(max(n, 1))) }

// doubtedState is how often, at least, a state is another than the read or the list says, however sure the reader is: lists and
// readers both err.
const doubtedState = 0.1

// stateFactor is how likely an entry's state is that of the plate in view: unknown is unknown, on either side.
func stateFactor(read string, confidence float64, listed string) float64 {
	if agrees := agree(read, listed); agrees == nil || *agrees {
		return 1
	}
	return min(max(1-confidence, doubtedState), 1)
}
