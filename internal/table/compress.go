package table

import (
	"github.com/klauspost/compress/zstd"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// pageWindow is how far back a page's compression looks, in bytes. Pages are hardly longer; the library's own window is
// 4 MiB, of which each encoder keeps two.
const pageWindow = 512 << 10

// pages compresses the pages of all files that are written here.
var pages = newPageCodec()

// A pageCodec is the Parquet library's codec with encoders that take less memory.
type pageCodec struct {
	parquetzstd.Codec
	encoder *zstd.Encoder
}

func newPageCodec() *pageCodec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(pageWindow),
		zstd.WithAllLitEntropyCompression(true), // hashes repeat nothing, and yet half of each is air
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	if err != nil {
		panic(err) // an option is wrong
	}
	return &pageCodec{encoder: encoder}
}

// Encode compresses a page. It is safe for concurrent use.
func (c *pageCodec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

const (
	sampleRows  = 2048 // of the first batch, that tell whether a column's values repeat
	sampleLeast = 256  // values in them that are enough to tell
)

// rarelyRepeats reports whether a text column's values are nearly all different, as addresses and hashes are, or long. Such a
// column gets no dictionary: it would be built for some thousand values, be found too large, and be thrown away, in every
// row group. Until then long values would fill the memory.
func rarelyRepeats(first *Column) bool {
	values, size := 0, 0
	different := map[string]struct{}{}
	for i := range min(first.Len(), sampleRows) {
		if !first.IsNull(i) {
			values++
			if _, known := different[string(first.Value(i))]; !known {
				different[string(first.Value(i))] = struct{}{}
				size += len(first.Value(i))
			}
		}
	}
	return size > dictionaryBytes || values >= sampleLeast && len(different) > values/2
}
