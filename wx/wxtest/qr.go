package wxtest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	qrcode "github.com/skip2/go-qrcode"
)

// qrPicture draws a QR code as WeChat's server does: a JPEG.
func qrPicture(payload string) ([]byte, error) {
	code, err := qrcode.New(payload, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	const side = 430
	return encodeJPEG(code.Image(side))
}

func encodeJPEG(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return out.Bytes(), nil
}

// avatar is a picture of one colour that stays the same for an account.
func avatar(id int) []byte {
	const side = 16
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	shade := color.RGBA{R: uint8(id), G: uint8(id >> 3), B: uint8(id >> 5), A: 255}
	for i := range side * side {
		img.Set(i%side, i/side, shade)
	}
	// A bytes.Buffer does not fail, nor does a picture of this size.
	out, _ := encodeJPEG(img)
	return out
}
