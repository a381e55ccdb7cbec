package main

import "os"

func isJournal(*os.File, string) bool { return false }
