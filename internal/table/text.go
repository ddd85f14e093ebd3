package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// maxZstdWindow is the most memory that decompressing a zstd file may take: zstd's own limit for files that are not
// opened with --long.
const maxZstdWindow = 128 << 20

// text is a file's text as UTF-8, without compression and byte order mark.
type text struct {
	// replaced says that the text was decoded from another encoding, so that U+FFFD stands for bytes that are none in it.
	replaced bool

	file    string
	source  *source
	reader  io.Reader // the outermost layer over source
	packed  string    // gzip, zstd or nothing
	ahead   *ahead    // of the layers that are work, or nil
	release func()
}

// Read gives UTF-8. Its errors are fit to be shown.
func (t *text) Read(p []byte) (int, error) {
	n, err := t.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = t.failure(err)
	}
	return n, err
}

// source is a stored file's bytes. It remembers its own failure, so that it is not taken for one of the decompressor.
type source struct {
	io.ReadCloser
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		s.err = noEnd(err)
		return n, s.err
	}
	return n, err
}

// noEnd makes sure that a storage's failure does not pass for the end of the file, behind which no more rows are expected:
// a connection that was lost may come with an io.EOF inside.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return audience.Fail(audience.ClassOf(err), "", errors.New(err.Error()))
	}
	return err
}

// openText opens a text file, finds its compression by its first bytes and its encoding by its byte order mark.
func openText(file File, encodingName string) (*text, error) {
	if file.Open == nil {
		return nil, audience.Failf(audience.Invalid, "read %s: nothing to read it from", file.Name)
	}
	body, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file.Name, err)
	}
	t := &text{file: file.Name, source: &source{ReadCloser: body}, release: func() {}}
	if err := t.open(encodingName); err != nil {
		_ = t.Close() // the first error tells more
		return nil, err
	}
	return t, nil
}

func (t *text) open(encodingName string) error {
	if err := t.decompress(); err != nil {
		return err
	}
	start := bufio.NewReaderSize(t.reader, 64<<10)
	t.reader = start
	head, err := start.Peek(1 << 10)
	if err != nil && err != io.EOF {
		return t.failure(err)
	}
	if len(head) == 0 {
		return empty(t.file, "it has no bytes")
	}
	if err := t.decode(start, head, encodingName); err != nil {
		return err
	}
	if t.packed != "" || t.replaced {
		t.ahead = newAhead(t.reader)
		t.reader = t.ahead
	}
	return nil
}

// decompress puts the right decompressor over the source. Several members or frames in one file are one text.
func (t *text) decompress() error {
	plain := bufio.NewReaderSize(t.source, 64<<10)
	t.reader = plain
	magic, err := plain.Peek(4)
	if err != nil && err != io.EOF {
		return t.failure(err)
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		t.packed = "gzip"
		z, err := gzip.NewReader(plain)
		if err != nil {
			return t.failure(err)
		}
		t.reader = z
	case isZstd(magic):
		t.packed = "zstd"
		z, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return t.failure(err)
		}
		t.reader, t.release = z, z.Close
	}
	return nil
}

// isZstd recognises a frame of zstd, or one to be skipped, which the parallel compressors put first.
func isZstd(magic []byte) bool {
	return bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		len(magic) == 4 && magic[0]>>4 == 5 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18})
}

// decode takes the byte order mark away and puts a decoder over a text that is no UTF-8.
func (t *text) decode(start *bufio.Reader, head []byte, name string) (err error) {
	var decoder encoding.Encoding
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = start.Discard(3) // it was peeked
		return nil
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = start.Discard(2)
		decoder = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = start.Discard(2)
		decoder = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	default:
		if decoder, err = t.encoding(name, head); err != nil {
			return err
		}
	}
	if decoder != nil {
		t.reader, t.replaced = decoder.NewDecoder().Reader(t.reader), true
	}
	return nil
}

// encoding finds the decoder of an encoding by its name, for a text without a byte order mark; nil is UTF-8.
func (t *text) encoding(name string, head []byte) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8":
		return nil, t.refuse(head)
	case "utf-16":
		// A header begins with a letter, whose other byte is 0. Without a mark, little-endian is what Windows writes.
		if len(head) > 1 && head[0] == 0 && head[1] != 0 {
			return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
		}
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "latin-1":
		return charmap.Windows1252, nil
	}
	return nil, audience.Failf(audience.Invalid, "read %s: unknown encoding %q; allowed are utf-8, utf-16, latin-1", t.file, name)
}

// refuse finds what is no text at all, and says what it is.
func (t *text) refuse(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return audience.Fail(audience.Invalid, "set the source's format to parquet", fmt.Errorf("%s is a Parquet file, not text", t.file))
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return audience.Fail(audience.Invalid, "save it as CSV", fmt.Errorf("%s is a ZIP archive or an Excel workbook, not text", t.file))
	case bytes.IndexByte(head, 0) >= 0:
		return audience.Fail(audience.Invalid, "set the source's encoding to utf-16 if that is what it is", fmt.Errorf("%s is no UTF-8 text: it has NUL bytes", t.file))
	}
	return nil
}

// failure says in own words what broke the reading: the storage, or the file's compression.
func (t *text) failure(err error) error {
	if t.source.err != nil {
		return fmt.Errorf("read %s: %w", t.file, t.source.err)
	}
	const again = "make the file anew or upload it again"
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return audience.Fail(audience.Invalid, again, fmt.Errorf("%s is truncated %s: the file ends early", t.file, t.packed))
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return audience.Fail(audience.Invalid, "compress it without --long",
			fmt.Errorf("%s needs more than %d MiB of memory to decompress", t.file, maxZstdWindow>>20))
	}
	return audience.Fail(audience.Invalid, again, fmt.Errorf("%s is damaged %s", t.file, t.packed))
}

// Close lets go of the file.
func (t *text) Close() error {
	if t.ahead != nil {
		t.ahead.close()
	}
	t.release()
	if err := t.source.Close(); err != nil {
		return fmt.Errorf("close %s: %w", t.file, err)
	}
	return nil
}
