// Lines in the guest's log, which is its standard error. Never log what a client wrote unless the operator asked for it.
// There are no levels to filter by: the host limits and keeps what arrives.

package caisson

import (
	"fmt"
	"os"
	"strings"
)

// LogInfo says something that helps to follow a request.
func LogInfo(format string, values ...any) { logLine("info", format, values...) }

// LogWarn says something odd that the adapter got over.
func LogWarn(format string, values ...any) { logLine("warn", format, values...) }

// LogError says something that made the request fail.
func LogError(format string, values ...any) { logLine("error", format, values...) }

func logLine(level, format string, values ...any) {
	fmt.Fprintln(os.Stderr, oneLine(level, fmt.Sprintf(format, values...)))
}

// oneLine makes one call one line, so that text from a provider can't pass for lines of its own.
func oneLine(level, message string) string {
	return level + ": " + strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(message)
}
