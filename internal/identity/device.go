package identity

// device is a mobile advertising id (IDFA, AAID): a UUID with hyphens in lower case.
func device(dst, v []byte) ([]byte, Reason) {
	if len(v) != 36 {
		return dst, NotADeviceID
	}
	zero := true
	for i, c := range v {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return dst, NotADeviceID
			}
			continue
		}
		if !allHex(v[i : i+1]) {
			return dst, NotADeviceID
		}
		zero = zero && c == '0'
	}
	if zero {
		return dst, ZeroID
	}
	return appendLowerASCII(dst, v), ""
}
