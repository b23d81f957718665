// HTTP dates (RFC 9110 §5.6.7) to Unix seconds, all three forms. Writes none and knows no time zones.

package caisson

import (
	"strings"
	"time"
)

var dateForms = [...]string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	"Mon Jan _2 15:04:05 2006",
}

// parseDate gives seconds since 1970; false for what is no HTTP date from then on.
func parseDate(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	for _, form := range dateForms {
		if parsed, err := time.Parse(form, text); err == nil && parsed.Unix() >= 0 {
			return parsed.Unix(), true
		}
	}
	return 0, false
}
