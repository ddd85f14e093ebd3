package table

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// end ends the row group's last page. A twin is a chunk of the same rows, whose page may be the same: that of a column and
// of its hashes is.
func (c *chunk) end(twin *chunk) error {
	if c.rows == 0 {
		return nil
	}
	return c.endPage(twin)
}

// endPage compresses what has been collected. It is a page of the first version of the format, which every reader knows, and
// without statistics: those of the row group do.
func (c *chunk) endPage(twin *chunk) error {
	encoding := format.Plain
	switch {
	case c.now == coded && c.dictionary.len() == 0: // nothing but nulls
	case c.now == coded && twin != nil && twin.now == coded && slices.Equal(c.codes, twin.codes) && slices.Equal(c.nulls, twin.nulls) && c.rows == twin.rows:
		c.addPage(format.RLEDictionary, twin.done[len(twin.done)-twin.lastSize():], twin.lastRaw)
		return nil
	case c.now == coded:
		encoding = format.RLEDictionary
	}
	c.raw = appendLevels(append(c.raw[:0], 0, 0, 0, 0), c.rows, c.nulls)
	binary.LittleEndian.PutUint32(c.raw, uint32(len(c.raw)-4)) //nolint:gosec // a bit a row
	levels := len(c.raw)
	switch {
	case encoding == format.RLEDictionary:
		width := max(1, bits.Len(uint(c.dictionary.len()-1)))
		c.raw = append(c.raw, byte(width)) //nolint:gosec // 32 at most
		c.raw = appendHybrid(c.raw, c.codes, width)
	case c.field.Type == Boolean:
		c.raw = appendBits(c.raw, c.data)
	default:
		c.raw = append(c.raw, c.data...)
	}
	header := format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(c.rows), //nolint:gosec // a row group's rows are far fewer
		Encoding:  encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})}
	page, raw, err := c.pack(&header, c.raw, levels)
	if err != nil {
		return err
	}
	c.addPage(encoding, page, raw)
	return nil
}

// lastSize is the size of the last page, with its header.
func (c *chunk) lastSize() int { return int(c.pages[len(c.pages)-1].CompressedPageSize) }

// addPage appends a page that has been compressed.
func (c *chunk) addPage(encoding format.Encoding, page []byte, raw int) {
	c.pages = append(c.pages, format.PageLocation{
		Offset: int64(len(c.done)), CompressedPageSize: int32(len(page)), FirstRowIndex: c.values, //nolint:gosec // a page is far below 2 GiB
	})
	c.done = append(c.done, page...)
	c.lastRaw = raw
	c.count(format.DataPage, encoding, raw, len(page))
	c.values += int64(c.rows)
	c.nullAll += int64(len(c.nulls))
}

// count takes a page into the row group's account.
func (c *chunk) count(page format.PageType, encoding format.Encoding, raw, compressed int) {
	c.total.raw += int64(raw)
	c.total.compressed += int64(compressed)
	for i := range c.stats {
		if s := &c.stats[i]; s.PageType == page && s.Encoding == encoding {
			s.Count++
			return
		}
	}
	c.stats = append(c.stats, format.PageEncodingStats{PageType: page, Encoding: encoding, Count: 1})
}

// dictionaryPage is the compressed page of the dictionary, or nothing when no page has codes. Like all pages it holds until the
// next one.
func (c *chunk) dictionaryPage() ([]byte, error) {
	if c.dictionary.len() == 0 {
		return nil, nil
	}
	header := format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
		NumValues: int32(c.dictionary.len()), //nolint:gosec // a row group's rows at most
		Encoding:  format.Plain,
	})}
	page, raw, err := c.pack(&header, c.dictionary.data, 0)
	if err != nil {
		return nil, err
	}
	c.count(format.DictionaryPage, format.Plain, raw, len(page))
	return page, nil
}

// pack compresses a page and puts its header before it. It gives the page's size before that too. levels is where the page's
// values begin.
func (c *chunk) pack(header *format.PageHeader, raw []byte, levels int) (page []byte, size int, err error) {
	packed, isHex := appendHexFrame(c.packed[:0], raw, levels)
	if !isHex {
		packed, err = pages.Encode(packed, raw)
	}
	if err != nil {
		return nil, 0, err
	}
	c.packed = packed
	header.UncompressedPageSize = int32(len(raw))    //nolint:gosec // a page is far below 2 GiB
	header.CompressedPageSize = int32(len(c.packed)) //nolint:gosec // likewise
	header.CRC = int32(crc32.ChecksumIEEE(c.packed)) //nolint:gosec // the bits of an unsigned number
	encoded, err := thrift.Marshal(new(thrift.CompactProtocol), *header)
	if err != nil {
		return nil, 0, err
	}
	c.page = append(append(c.page[:0], encoded...), c.packed...)
	return c.page, len(encoded) + len(raw), nil
}

// appendBits packs booleans of a byte each.
func appendBits(dst, booleans []byte) []byte {
	for i, b := range booleans {
		if i%8 == 0 {
			dst = append(dst, 0)
		}
		dst[len(dst)-1] |= b << (i % 8)
	}
	return dst
}
