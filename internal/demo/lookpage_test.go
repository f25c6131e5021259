//go:build look

package demo

import (
	"os"
	"testing"
)

func TestLookPage(t *testing.T) {
	dir := os.Getenv("DEMO_LOOK")
	if dir == "" {
		t.Skip("set DEMO_LOOK to a folder to write pictures to look at")
	}
	p := open(t)
	stop := make(chan struct{})
	defer close(stop)
	fillPage(t, p, stop)
	b := startBrowser(t, p.URL())
	b.until(`document.querySelectorAll("#boxes polygon").length > 0`)
	b.shot(dir+"/page.png", 1280, 800, false)
	b.shot(dir+"/phone.png", 412, 915, true)
}

func TestLookLive(t *testing.T) {
	dir, url := os.Getenv("DEMO_LOOK"), os.Getenv("DEMO_URL")
	if dir == "" || url == "" {
		t.Skip("set DEMO_LOOK to a folder and DEMO_URL to a running demo's page")
	}
	b := startBrowser(t, url)
	b.until(`document.querySelectorAll(".alert").length > 2 && document.querySelectorAll("#boxes polygon").length > 1`)
	b.shot(dir+"/live.png", 1280, 800, false)
}
