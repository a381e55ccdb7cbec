package bot

import (
	"io/fs"
	"os"
)

func giveBack(string) error { return nil }

func giveTo(*os.File, fs.FileInfo) {}
