package identity

import "bytes"

// stateCode finds a state or territory of the United States by its letters in lower case: code, name or abbreviation.
func stateCode(letters []byte) (string, bool) {
	if len(letters) == 4 {
		letters = bytes.TrimPrefix(letters, []byte("us")) // ISO 3166-2: US-CA
	}
	if len(letters) == 2 {
		code, ok := stateCodes[string(letters)]
		return code, ok
	}
	code, ok := stateNames[string(letters)]
	return code, ok
}

// stateNames has the names, and the abbreviations that were usual before the codes.
var stateNames = map[string]string{
	"alabama": "al", "ala": "al", "alaska": "ak", "arizona": "az", "ariz": "az", "arkansas": "ar", "ark": "ar",
	"california": "ca", "calif": "ca", "cal": "ca", "colorado": "co", "colo": "co", "connecticut": "ct", "conn": "ct",
	"delaware": "de", "del": "de", "florida": "fl", "fla": "fl", "georgia": "ga", "hawaii": "hi", "idaho": "id",
	"illinois": "il", "ill": "il", "indiana": "in", "ind": "in", "iowa": "ia", "kansas": "ks", "kan": "ks", "kans": "ks",
	"kentucky": "ky", "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma", "mass": "ma",
	"michigan": "mi", "mich": "mi", "minnesota": "mn", "minn": "mn", "mississippi": "ms", "miss": "ms",
	"missouri": "mo", "montana": "mt", "mont": "mt", "nebraska": "ne", "neb": "ne", "nebr": "ne", "nevada": "nv", "nev": "nv",
	"newhampshire": "nh", "newjersey": "nj", "newmexico": "nm", "nmex": "nm", "newyork": "ny", "newyorkstate": "ny",
	"northcarolina": "nc", "ncar": "nc", "northdakota": "nd", "ndak": "nd", "ohio": "oh", "oklahoma": "ok", "okla": "ok",
	"oregon": "or", "ore": "or", "oreg": "or", "pennsylvania": "pa", "penn": "pa", "penna": "pa", "rhodeisland": "ri",
	"southcarolina": "sc", "scar": "sc", "southdakota": "sd", "sdak": "sd", "tennessee": "tn", "tenn": "tn",
	"texas": "tx", "tex": "tx", "utah": "ut", "vermont": "vt", "virginia": "va", "washington": "wa", "wash": "wa",
	"washingtonstate": "wa", "westvirginia": "wv", "wva": "wv", "wisconsin": "wi", "wis": "wi", "wisc": "wi", "wyoming": "wy", "wyo": "wy",
	"districtofcolumbia": "dc", "washingtondc": "dc", "washingtondistrictofcolumbia": "dc",
	"puertorico": "pr", "guam": "gu", "virginislands": "vi", "usvirginislands": "vi", "unitedstatesvirginislands": "vi", "virginislandsus": "vi",
	"americansamoa": "as", "northernmarianaislands": "mp", "northernmarianas": "mp", "commonwealthofthenorthernmarianaislands": "mp", "cnmi": "mp",
	"micronesia": "fm", "federatedstatesofmicronesia": "fm", "marshallislands": "mh", "palau": "pw", "usminoroutlyingislands": "um",
	"unitedstatesminoroutlyingislands": "um",
	"armedforcesamericas":              "aa", "armedforceseurope": "ae", "armedforcespacific": "ap",
}

// stateCodes has each code by itself.
var stateCodes = func() map[string]string {
	codes := map[string]string{}
	for _, code := range stateNames {
		codes[code] = code
	}
	return codes
}()
