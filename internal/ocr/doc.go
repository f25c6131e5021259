// Package ocr makes reads of frames: it finds plates, straightens them, spells them, and follows each vehicle across a
// camera's frames, so that one vehicle is one event.
//
// The way of a frame: luma plane → finder (heat map and corners) → rectified plate at two margins → recogniser (CTC over
// columns) → candidates, rescored over margins and frames → alpr.Read. An Engine holds the networks of one worker; Still
// reads single pictures, a Lane one camera.
package ocr
