package main

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

const samplePayload = "https://login.weixin.qq.com/l/4d2Fh8sKqA=="

// readDrawing turns a drawing back into modules by what each glyph paints.
// blocksAreDark says whether the foreground is the darker of the two colours.
func readDrawing(t *testing.T, drawing string, blocksAreDark bool) modules {
	t.Helper()
	var m modules
	for line := range strings.Lines(strings.TrimRight(drawing, "\n") + "\n") {
		line = strings.TrimSuffix(line, "\n")
		line = strings.TrimSuffix(strings.TrimPrefix(line, blackOnWhite), plainColours)
		var upper, lower []bool
		for _, r := range line {
			up, down := false, false
			switch r {
			case '█':
				up, down = true, true
			case '▀':
				up = true
			case '▄':
				down = true
			case ' ':
			default:
				t.Fatalf("glyph %q in the drawing", r)
			}
			upper = append(upper, up == blocksAreDark)
			lower = append(lower, down == blocksAreDark)
		}
		m = append(m, upper, lower)
	}
	return m
}

func TestDrawingShowsTheBitmap(t *testing.T) {
	want, err := encodeQR(samplePayload)
	if err != nil {
		t.Fatal(err)
	}
	for _, colour := range []bool{true, false} {
		got := readDrawing(t, want.draw(colour), colour)
		if len(got) < len(want) || len(got) > len(want)+1 {
			t.Fatalf("colour %v: %d rows drawn for %d", colour, len(got), len(want))
		}
		for y := range want {
			if len(got[y]) != len(want[y]) {
				t.Fatalf("colour %v: row %d has %d modules, want %d", colour, y, len(got[y]), len(want[y]))
			}
			for x := range want[y] {
				if got[y][x] != want[y][x] {
					t.Fatalf("colour %v: module %d,%d drawn dark=%v, want %v", colour, x, y, got[y][x], want[y][x])
				}
			}
		}
	}
}

// A QR code is inverted if its ground is dark: the quiet zone must be light and
// the corner of the finder pattern dark, as the terminal's colours paint them.
func TestDrawingIsNotInverted(t *testing.T) {
	m, err := encodeQR(samplePayload)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("colour", func(t *testing.T) {
		lines := strings.Split(m.draw(true), "\n")
		body, ok := strings.CutPrefix(lines[0], "\x1b[30;107m")
		if !ok || !strings.HasSuffix(body, "\x1b[0m") {
			t.Fatalf("first line %q does not set black on white and reset it", lines[0])
		}
		if quiet := strings.TrimSuffix(body, "\x1b[0m"); strings.Trim(quiet, " ") != "" {
			t.Errorf("quiet zone %q is not the white ground", quiet)
		}
		second := []rune(strings.TrimPrefix(lines[1], "\x1b[30;107m"))
		if got := second[quietZone]; got != '█' {
			t.Errorf("corner of the finder pattern is %q, want a black block", got)
		}
	})
	t.Run("plain", func(t *testing.T) {
		lines := strings.Split(m.draw(false), "\n")
		if strings.Trim(lines[0], "█") != "" {
			t.Errorf("quiet zone %q is not painted light", lines[0])
		}
		if got := []rune(lines[1])[quietZone]; got != ' ' {
			t.Errorf("corner of the finder pattern is %q, want the dark ground", got)
		}
		if strings.Contains(m.draw(false), "\x1b") {
			t.Error("escape sequence in the plain drawing")
		}
	})
}

func TestQuietZoneIsTwoModules(t *testing.T) {
	m, err := encodeQR(samplePayload)
	if err != nil {
		t.Fatal(err)
	}
	n := len(m)
	for y := range m {
		for x := range m[y] {
			border := min(x, y, n-1-x, n-1-y) < 2
			if border && m[y][x] {
				t.Fatalf("module %d,%d of the quiet zone is dark", x, y)
			}
		}
	}
	for _, c := range [][2]int{{2, 2}, {n - 3, 2}, {2, n - 3}} {
		if !m[c[1]][c[0]] {
			t.Errorf("no finder pattern at %v", c)
		}
	}
	if n > 40 {
		t.Errorf("a login code is %d columns wide, too many for half a terminal", n)
	}
}

// samePicture reports whether a PNG shows the code of a text, dark on light, with
// the standard's border.
func samePicture(t *testing.T, b []byte, text string) bool {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	want, err := encodeQR(text)
	if err != nil {
		t.Fatal(err)
	}
	const border = 4
	side := len(want) - 2*quietZone + 2*border
	if got := img.Bounds().Dx(); got != side*pictureScale || img.Bounds().Dy() != got {
		t.Fatalf("the picture is %v, want %d modules of %d pixels", img.Bounds(), side, pictureScale)
	}
	for y := range side {
		for x := range side {
			dark := false
			if i, j := y-border+quietZone, x-border+quietZone; min(i, j) >= 0 && max(i, j) < len(want) {
				dark = want[i][j]
			}
			r, _, _, _ := img.At(x*pictureScale+pictureScale/2, y*pictureScale+pictureScale/2).RGBA()
			if (r < 0x8000) != dark {
				return false
			}
		}
	}
	return true
}

func TestPictureShowsTheCode(t *testing.T) {
	b, err := picture(samplePayload)
	if err != nil {
		t.Fatal(err)
	}
	if !samePicture(t, b, samplePayload) {
		t.Error("the picture is not the code")
	}
	if samePicture(t, b, samplePayload[:len(samplePayload)-1]+"a") {
		t.Error("the picture is taken for another code")
	}
}
