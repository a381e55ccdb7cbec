package main

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
)

// quietZone is the light border, in modules. Phones read codes with two; the
// standard's four would cost eight columns.
const quietZone = 2

// modules are the squares of a QR code with its quiet zone; true is dark.
type modules [][]bool

// encodeQR makes the code of a text.
func encodeQR(text string) (modules, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("qr code: %w", err)
	}
	q.DisableBorder = true
	inner := q.Bitmap()
	m := make(modules, len(inner)+2*quietZone)
	for y := range m {
		m[y] = make([]bool, len(m))
		if row := y - quietZone; row >= 0 && row < len(inner) {
			copy(m[y][quietZone:], inner[row])
		}
	}
	return m, nil
}

// pictureScale is the side of a module in a picture, in pixels.
const pictureScale = 8

// picture makes the code of a text as a PNG, with the border of four modules that
// the standard wants.
func picture(text string) ([]byte, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("qr code: %w", err)
	}
	b, err := q.PNG(-pictureScale)
	if err != nil {
		return nil, fmt.Errorf("qr code: %w", err)
	}
	return b, nil
}

// columns is how wide the drawing is.
func (m modules) columns() int { return len(m) }

// The escape sequences around a line of the coloured drawing: black on bright
// white, then back to the terminal's own colours.
const (
	blackOnWhite = "\x1b[30;107m"
	plainColours = "\x1b[0m"
)

// draw draws the code with half blocks, two rows of modules a line. With colour,
// dark modules are black blocks on a white ground, whatever the terminal's theme.
// Without, light modules are the blocks: right on a dark terminal, which is the
// common one; a light terminal shows it inverted.
func (m modules) draw(colour bool) string {
	var b strings.Builder
	for y := 0; y < len(m); y += 2 {
		if colour {
			b.WriteString(blackOnWhite)
		}
		for x := range m[y] {
			// A last line of one row has nothing below it: the ground with
			// colour, no block without.
			upper, lower := m[y][x], !colour
			if y+1 < len(m) {
				lower = m[y+1][x]
			}
			b.WriteRune(halfBlock(upper == colour, lower == colour))
		}
		if colour {
			b.WriteString(plainColours)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// halfBlock is the character that fills the upper and lower half of its cell.
func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}
