// Images and files of a message → image and document blocks. Bytes stay base64 text all the way, but for plain-text
// documents, which Anthropic takes as text. Audio has no block.

package conversions

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/caisson/caisson/sdk/go/caisson"
)

const pdf = "application/pdf"

// imageBlock: inner is the object that OpenAI puts the image into; path names the part, as in messages[0].content[1].
func imageBlock(inner string, media caisson.Media, path string) (caisson.Fields, error) {
	extra, err := flat(media.Extra, inner, path)
	if err != nil {
		return nil, err
	}
	source := elsewhere(media)
	if data, inline := media.Source.(caisson.SourceBase64); inline {
		mimeType := media.MimeType
		switch mimeType {
		case "":
			return nil, caisson.Invalid(path+".image_url.url", "an inline image must name its media type")
		case "image/jpg":
			// Many clients write this, which is no media type and is refused.
			mimeType = "image/jpeg"
		}
		source = object("type", "base64", "media_type", mimeType, "data", string(data))
	}
	image := object("type", "image", "source", source)
	image.Add(extra)
	return image, nil
}

// fileBlock is a document; a file that is an image becomes an image block.
func fileBlock(media caisson.Media, path string) (caisson.Fields, error) {
	if strings.HasPrefix(media.MimeType, "image/") {
		return imageBlock("file", media, path)
	}
	extra, err := flat(media.Extra, "file", path)
	if err != nil {
		return nil, err
	}
	source, err := documentSource(media, path)
	if err != nil {
		return nil, err
	}
	document := object("type", "document", "source", source)
	if media.FileName != nil && !extra.Has("title") {
		document.Set("title", raw(*media.FileName))
	}
	document.Add(extra)
	return document, nil
}

func documentSource(media caisson.Media, path string) (caisson.Fields, error) {
	data, inline := media.Source.(caisson.SourceBase64)
	if !inline {
		return elsewhere(media), nil
	}
	switch mimeType := media.MimeType; {
	// OpenAI's own inline files are PDFs, whether they say so or not.
	case mimeType == "", mimeType == pdf, mimeType == "application/octet-stream":
		return object("type", "base64", "media_type", pdf, "data", string(data)), nil
	case strings.HasPrefix(mimeType, "text/"):
		plain, err := base64.StdEncoding.DecodeString(string(data))
		if err != nil || !utf8.Valid(plain) {
			return nil, caisson.Invalid(path+".file.file_data", "a text document must be UTF-8 in base64")
		}
		return object("type", "text", "media_type", "text/plain", "data", string(plain)), nil
	default:
		what := "files of type " + mimeType + ", only PDF, plain text and images"
		return nil, caisson.UnsupportedParam(path+".file", what)
	}
}

// elsewhere gives the source of media that are not inline.
func elsewhere(media caisson.Media) caisson.Fields {
	switch source := media.Source.(type) {
	case caisson.SourceURL:
		return object("type", "url", "url", string(source))
	case caisson.SourceID:
		return object("type", "file", "file_id", string(source))
	}
	return nil
}
