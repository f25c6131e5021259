//go:build !matprofile

package capture

// mats is known with the build tag matprofile only.
func mats() int { return -1 }
