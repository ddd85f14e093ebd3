package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// today is the tests' day.
func today() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func normalizer() *Normalizer { return NewNormalizer("", today) }

// A given is a value, and what must become of it: a canonical form, or !reason.
type given struct{ value, want string }

// check runs the cases of a key with a row's country. Every canonical form must be its own.
func check(t *testing.T, key audience.Key, country string, cases []given) {
	t.Helper()
	n := normalizer()
	for _, c := range cases {
		got, form := n.Append([]byte("before "), key, []byte(c.value), []byte(country))
		shown := strings.TrimPrefix(string(got), "before ")
		if form.Reason != "" {
			assert.Empty(t, shown, "%s %q", key, c.value)
			shown = "!" + string(form.Reason)
		}
		assert.Equal(t, c.want, shown, "%s %q in %q", key, c.value, country)
		if form.Reason != "" || shown == "" {
			continue
		}
		if key != audience.Phone || hasCode([]byte(shown), codeOf(country)) {
			again, _ := n.Append(nil, key, []byte(shown), []byte(country))
			assert.Equal(t, shown, string(again), "%s %q in %q, for the second time", key, c.value, country)
		}
		again, _ := n.AppendCanonical(nil, key, []byte(shown), []byte(country))
		assert.Equal(t, shown, string(again), "%s %q in %q, as canonical", key, c.value, country)
	}
}

// codeOf is the calling code of a country.
func codeOf(country string) int {
	return phonenumbers.GetCountryCodeForRegion(strings.ToUpper(country))
}

// What holds for every key, by the example of one.
func TestWhatHoldsForEveryKey(t *testing.T) {
	const hash = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
	check(t, audience.LastName, "", []given{
		{"", ""},
		{" \t\r\n", ""},
		{"\u00a0\u200b\ufeff\u2060\u3000\u00ad\u180e\u2003", ""},
		{"\ufeff Smith\u00a0\u200b", "smith"},
		{"\u200e\u202aSmith\u202c", "smith"},
		{hash, hash},
		{strings.ToUpper(hash), hash},
		{"  " + hash + "\n", hash},
		{hash[:63], "!not_sha256"},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "!empty_hash"},
		{"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "!empty_hash"},
		{string(AppendHash(nil, []byte("null"))), "!placeholder"},
		{string(AppendHash(nil, []byte("n/a"))), "!placeholder"},
		{string(AppendHash(nil, []byte("test@test.com"))), "!placeholder"},
		{strings.Repeat("0", 64), "!placeholder"},
		{"d41d8cd98f00b204e9800998ecf8427e", "!not_sha256"},
		{"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "!not_sha256"},
		{strings.Repeat("ab", 64), "!not_sha256"},
		{strings.Repeat("ab", 48), "!not_sha256"},
		{strings.Repeat("ab", 28), "!not_sha256"},
		{"8ZBM8anXOlX6XeCsgjxEA97XGv1MMkjQC9zQhmVSu3k=", "!not_sha256"},
		{"n/a", "!placeholder"}, {"N/A", "!placeholder"}, {" n/a ", "!placeholder"}, {"#N/A", "!placeholder"}, {"null", "!placeholder"},
		{"NULL", "!placeholder"}, {"(null)", "!placeholder"}, {"None", "!placeholder"}, {"undefined", "!placeholder"}, {"Unknown", "!placeholder"},
		{"not available", "!placeholder"}, {"-", "!placeholder"}, {"--", "!placeholder"}, {"?", "!placeholder"}, {"...", "!placeholder"}, {"\"\"", "!placeholder"},
		{"Na", "na"}, {"Nan", "nan"}, {"Nil", "nil"}, {"No", "no"}, {"X", "x"}, // names of people
		{"M\xfcller", "!broken_text"},
		{"M\ufffdller", "!broken_text"},
		{strings.Repeat("x", 257), "!too_long"},
		{strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{strings.Repeat("x", 1<<20), "!too_long"},
		{strings.Repeat(" ", 1<<16) + "Smith", "smith"},
	})
}

func TestEmail(t *testing.T) {
	check(t, audience.Email, "", []given{
		{"Mary@Example.COM", "mary@example.com"},
		{" mary@example.com\r\n", "mary@example.com"},
		{"\ufeffmary@example.com", "mary@example.com"},
		{"ma\u200bry@exam\u2060ple.com", "mary@example.com"},
		{"test@example.com", "test@example.com"},
		{"mary.jane@example.com", "mary.jane@example.com"},
		{"m.a.r.y@gmail.com", "m.a.r.y@gmail.com"},
		{"Mary+News@gmail.com", "mary+news@gmail.com"},
		{"o'brien@example.ie", "o'brien@example.ie"},
		{"mary_smith-1@sub.example.co.uk", "mary_smith-1@sub.example.co.uk"},
		{"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
		{"1234567890@qq.com", "1234567890@qq.com"},
		{"a@b.co", "a@b.co"},
		{"JÖRG@MÜLLER.DE", "jörg@müller.de"},
		{"Jo\u0308rg@mu\u0308ller.de", "jörg@müller.de"},
		{"иван@почта.рф", "иван@почта.рф"},
		{"用户@例子.中国", "用户@例子.中国"},
		{"mary@xn--mller-kva.de", "mary@xn--mller-kva.de"},
		{"mary@example.museum", "mary@example.museum"},
		{"mary@1and1.com", "mary@1and1.com"},
		{strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		{strings.Repeat("a", 65) + "@example.com", "!not_an_address"},
		{"mary@" + strings.Repeat("a", 63) + ".com", "mary@" + strings.Repeat("a", 63) + ".com"},
		{"mary@" + strings.Repeat("a", 64) + ".com", "!not_an_address"},
		{"mary@" + strings.Repeat("abcd.", 51) + "com", "!not_an_address"},
		{"mary", "!not_an_address"},
		{"mary@", "!not_an_address"},
		{"@example.com", "!not_an_address"},
		{"mary@example", "!not_an_address"},
		{"mary@@example.com", "!not_an_address"},
		{"mary@jane@example.com", "!not_an_address"},
		{"mary@example.com, joe@example.com", "!not_an_address"},
		{"mary@example.com;joe@example.com", "!not_an_address"},
		{"Mary <mary@example.com>", "!not_an_address"},
		{"mailto:mary@example.com", "!not_an_address"},
		{"mary jane@example.com", "!not_an_address"},
		{"mary@exam ple.com", "!not_an_address"},
		{"mary@example..com", "!not_an_address"},
		{"mary@.example.com", "!not_an_address"},
		{"mary@example.com.", "!not_an_address"},
		{"mary@-example.com", "!not_an_address"},
		{"mary@example-.com", "!not_an_address"},
		{"mary@exam_ple.com", "!not_an_address"},
		{".mary@example.com", "!not_an_address"},
		{"mary.@example.com", "!not_an_address"},
		{"ma..ry@example.com", "!not_an_address"},
		{"mary@127.0.0.1", "!not_an_address"},
		{"mary@[127.0.0.1]", "!not_an_address"},
		{"mary@example.c", "!not_an_address"},
		{"\"mary\"@example.com", "!not_an_address"},
		{"mary(work)@example.com", "!not_an_address"},
		{"mary😀@example.com", "!not_an_address"},
		{"mary＠example.com", "!not_an_address"},
		{"(650)555-1212", "!not_an_address"},
		{"test@test.com", "!placeholder"},
		{"TEST@TEST.COM", "!placeholder"},
		{"test@test.de", "!placeholder"},
		{"none@none.com", "!placeholder"},
		{"na@na.com", "!placeholder"},
		{"noemail@example.com", "!placeholder"},
		{"no-email@shop.example", "!placeholder"},
		{"nan", "!placeholder"},
		{"xxx", "!placeholder"},
	})
}

func TestGender(t *testing.T) {
	check(t, audience.Gender, "", []given{
		{"m", "m"}, {"M", "m"}, {"f", "f"}, {"F", "f"}, {" f ", "f"}, {"m.", "m"},
		{"Male", "m"}, {"FEMALE", "f"}, {"man", "m"}, {"Woman", "f"}, {"boy", "m"}, {"girl", "f"},
		{"männlich", "m"}, {"MA\u0308NNLICH", "m"}, {"weiblich", "f"}, {"w", "f"}, {"Frau", "f"},
		{"Homme", "m"}, {"femme", "f"}, {"Féminin", "f"}, {"Hombre", "m"}, {"Mujer", "f"}, {"Masculino", "m"}, {"Femenino", "f"}, {"Feminino", "f"},
		{"Maschio", "m"}, {"Femmina", "f"}, {"vrouw", "f"}, {"Kvinna", "f"}, {"Mężczyzna", "m"}, {"Kobieta", "f"}, {"Erkek", "m"}, {"Kadın", "f"},
		{"Мужской", "m"}, {"Ж", "f"}, {"男", "m"}, {"女性", "f"}, {"남성", "m"}, {"여자", "f"}, {"ذكر", "m"}, {"أنثى", "f"}, {"पुरुष", "m"},
		{"x", "!not_m_or_f"}, {"unknown", "!placeholder"}, {"n/a", "!placeholder"},
		{"other", "!not_m_or_f"}, {"diverse", "!not_m_or_f"}, {"non-binary", "!not_m_or_f"}, {"1", "!not_m_or_f"}, {"2", "!not_m_or_f"}, {"0", "!not_m_or_f"},
		{"h", "!not_m_or_f"}, {"mf", "!not_m_or_f"}, {"malé", "!not_m_or_f"}, {"Mary", "!not_m_or_f"}, {"Mr", "!not_m_or_f"}, {"M/F", "!not_m_or_f"},
	})
}

func TestPartsOfADate(t *testing.T) {
	check(t, audience.DOBYear, "", []given{
		{"1997", "1997"}, {" 1997 ", "1997"}, {"1997.0", "1997"}, {"１９９７", "1997"}, {"١٩٩٧", "1997"}, {"1900", "1900"}, {"2026", "2026"},
		{"1899", "!out_of_range"}, {"2027", "!out_of_range"}, {"9999", "!out_of_range"},
		{"97", "!two_digit_year"}, {"'97", "!not_a_date"}, {"997", "!not_a_date"}, {"19970", "!not_a_date"}, {"1997-02-16", "!not_a_date"}, {"-1997", "!not_a_date"},
		{"1997.5", "!not_a_date"}, {"abc", "!not_a_date"}, {"7", "!not_a_date"}, {"0000", "!placeholder"}, {"0", "!placeholder"}, {"nan", "!placeholder"},
	})
	check(t, audience.DOBMonth, "", []given{
		{"1", "01"}, {"01", "01"}, {"12", "12"}, {"2.0", "02"}, {"１２", "12"}, {"Feb", "02"}, {"FEBRUARY", "02"}, {"März", "03"}, {"MA\u0308RZ", "03"}, {"août", "08"}, {"Mayo", "05"},
		{"13", "!not_a_date"}, {"001", "!not_a_date"}, {"0", "!placeholder"}, {"00", "!placeholder"}, {"-1", "!not_a_date"}, {"1/2", "!not_a_date"}, {"Febr uary", "!not_a_date"},
		{"99", "!not_a_date"}, {"Fool", "!not_a_date"},
	})
	check(t, audience.DOBDay, "", []given{
		{"1", "01"}, {"01", "01"}, {"31", "31"}, {"7.0", "07"}, {"٣١", "31"},
		{"32", "!not_a_date"}, {"0", "!placeholder"}, {"00", "!placeholder"}, {"1st", "!not_a_date"}, {"Monday", "!not_a_date"}, {"031", "!not_a_date"},
	})
}

func TestNames(t *testing.T) {
	for _, key := range []audience.Key{audience.First, audience.LastName} {
		check(t, key, "", []given{
			{"Mary", "mary"}, {"MARY", "mary"}, {" Mary ", "mary"}, {"Mary Ann", "maryann"}, {"Mary-Ann", "maryann"}, {"Mary\u2010Ann", "maryann"}, {"Mary\u00a0Ann", "maryann"},
			{"O'Brien", "obrien"}, {"O\u2019Brien", "obrien"}, {"O\u2018Brien", "obrien"}, {"O\u02bcBrien", "obrien"}, {"O`Brien", "obrien"}, {"O´Brien", "obrien"}, {"O\u2032Brien", "obrien"},
			{"Ka\u02bbiulani", "kaiulani"}, {"St. John", "stjohn"}, {"Smith, Jr.", "smithjr"}, {"John2", "john"}, {"van der Berg", "vanderberg"},
			{"Valéry", "valéry"}, {"VALÉRY", "valéry"}, {"Vale\u0301ry", "valéry"}, {"VALE\u0301RY", "valéry"},
			{"Müller", "müller"}, {"Strauß", "strauß"}, {"STRAUẞ", "strauß"}, {"Łukasz", "łukasz"}, {"Þór", "þór"}, {"Ørsted", "ørsted"}, {"İlker", "ilker"}, {"Işık", "işık"},
			{"Иван", "иван"}, {"ИВАН", "иван"}, {"Ёлкин", "ёлкин"}, {"Γιώργος", "γιώργος"}, {"정", "정"}, {"\u110c\u1165\u11bc", "정"}, {"김 철수", "김철수"},
			{"山田", "山田"}, {"やまだ", "やまだ"}, {"ヤマダ・タロウ", "ヤマダタロウ"}, {"カ\u3099ンダム", "ガンダム"}, {"محمد", "محمد"}, {"מיכאל", "מיכאל"}, {"अमित", "अमित"}, {"สมชาย", "สมชาย"}, {"Nguyễn", "nguyễn"},
			{"H\u0331afiz", "ẖafiz"}, {"\u0301Mary", "mary"}, {"M\u0303ary", "m\u0303ary"}, {"e-\u0301", "é"},
			{"😀Mary", "mary"}, {"Mary😀", "mary"}, {"(Mary)", "mary"}, {"\"Mary\"", "mary"},
			{"123", "!no_letters"}, {"😀", "!placeholder"}, {"１２３", "!no_letters"}, {"'", "!placeholder"},
		})
	}
	check(t, audience.Initial, "", []given{
		{"Mary", "m"}, {"mary ann", "m"}, {" 'Mary", "m"}, {"Élodie", "é"}, {"E\u0301lodie", "é"}, {"정호", "정"}, {"Иван", "и"}, {"अमित", "अ"}, {"कि", "क"}, {"M", "m"}, {"X", "x"},
		{"M\u0303ary", "m"}, {"7", "!no_letters"}, {"7even", "e"}, {"n/a", "!placeholder"},
	})
}

func TestCity(t *testing.T) {
	check(t, audience.City, "", []given{
		{"Paris", "paris"}, {"New York", "newyork"}, {"NEW YORK", "newyork"}, {"St. John's", "stjohns"}, {"Winston-Salem", "winstonsalem"}, {"Paris 15e", "parise"},
		{"São Paulo", "saopaulo"}, {"Sa\u0303o Paulo", "saopaulo"}, {"SÃO PAULO", "saopaulo"}, {"Zürich", "zurich"}, {"Düsseldorf", "dusseldorf"}, {"Gießen", "giessen"},
		{"Málaga", "malaga"}, {"Łódź", "lodz"}, {"Århus", "arhus"}, {"Ærø", "aero"}, {"Tromsø", "tromso"}, {"Reykjavík", "reykjavik"}, {"Kraków", "krakow"}, {"Český Krumlov", "ceskykrumlov"},
		{"İstanbul", "istanbul"}, {"Iğdır", "igdir"}, {"Đà Nẵng", "danang"}, {"Hồ Chí Minh", "hochiminh"}, {"Gəncə", "gence"}, {"Kahului Hawaiʻi", "kahuluihawaii"}, {"Ｔｏｋｙｏ", "tokyo"},
		{"L'Aquila", "laquila"}, {"L’Aquila", "laquila"}, {"'s-Hertogenbosch", "shertogenbosch"},
		{"Москва", "москва"}, {"МОСКВА", "москва"}, {"Αθήνα", "αθήνα"}, {"東京", "東京"}, {"서울", "서울"}, {"القاهرة", "القاهرة"}, {"दिल्ली", "दिल्ली"}, {"กรุงเทพ", "กรุงเทพ"}, {"Санкт-Петербург", "санктпетербург"},
		{"東京 Tokyo", "東京tokyo"}, {"Nan", "nan"}, {"Y", "y"}, {"Å", "a"},
		{"12345", "!no_letters"}, {"-", "!placeholder"}, {"none", "!placeholder"},
	})
}

func TestState(t *testing.T) {
	check(t, audience.State, "us", []given{
		{"CA", "ca"}, {"ca", "ca"}, {" Ca ", "ca"}, {"California", "ca"}, {"CALIFORNIA", "ca"}, {"Calif.", "ca"}, {"US-CA", "ca"}, {"C.A.", "ca"},
		{"New York", "ny"}, {"N.Y.", "ny"}, {"new-york", "ny"}, {"North Carolina", "nc"}, {"West Virginia", "wv"}, {"W. Va.", "wv"}, {"Virginia", "va"}, {"Washington", "wa"}, {"Kansas", "ks"}, {"Arkansas", "ar"},
		{"DC", "dc"}, {"D.C.", "dc"}, {"District of Columbia", "dc"}, {"Washington, D.C.", "dc"}, {"Washington DC", "dc"},
		{"Puerto Rico", "pr"}, {"PR", "pr"}, {"Guam", "gu"}, {"American Samoa", "as"}, {"U.S. Virgin Islands", "vi"}, {"Virgin Islands", "vi"}, {"Northern Mariana Islands", "mp"}, {"AE", "ae"}, {"Hawaiʻi", "hi"},
		{"Bavaria", "!unknown_state"}, {"ZZ", "!unknown_state"}, {"Californa", "!unknown_state"}, {"C", "!unknown_state"}, {"Ontario", "!unknown_state"}, {"USA", "!unknown_state"}, {"94025", "!no_letters"}, {"na", "!placeholder"},
	})
	check(t, audience.State, "de", []given{
		{"Bavaria", "bavaria"}, {"Bayern", "bayern"}, {"BY", "by"}, {"Nordrhein-Westfalen", "nordrheinwestfalen"}, {"Thüringen", "thüringen"}, {"California", "california"},
	})
	check(t, audience.State, "", []given{
		{"CA", "ca"}, {"California", "california"}, {"Île-de-France", "îledefrance"}, {"東京都", "東京都"}, {"महाराष्ट्र", "महाराष्ट्र"},
	})
}

func TestZip(t *testing.T) {
	check(t, audience.Zip, "us", []given{
		{"94025", "94025"}, {"94025-3215", "94025"}, {"94025 3215", "94025"}, {"940253215", "94025"}, {"94025-", "94025"}, {"94025-32", "94025"}, {" 94025 ", "94025"}, {"94025.0", "94025"}, {"９４０２５", "94025"}, {"02139", "02139"},
		{"94025\u20133215", "94025"}, {"12345", "12345"}, {"00501", "00501"},
		{"2139", "!not_a_zip"}, {"940253", "!not_a_zip"}, {"9402532156", "!not_a_zip"}, {"M1 1AE", "!not_a_zip"}, {"CA 94025", "!not_a_zip"}, {"00000", "!placeholder"}, {"99999", "!placeholder"}, {"00000-0000", "!placeholder"}, {"00000-1234", "!placeholder"}, {"2139-1234", "!not_a_zip"}, {"n/a", "!placeholder"},
		{"94025/94026", "!not_a_zip"}, {"94,025", "!not_a_zip"},
	})
	check(t, audience.Zip, "pr", []given{{"00901-1234", "00901"}})
	check(t, audience.Zip, "gb", []given{{"M1 1AE", "m11ae"}, {"m11ae", "m11ae"}, {"SW1A-1AA", "sw1a1aa"}, {"GIR 0AA", "gir0aa"}, {"M1  1AE", "m11ae"}, {"London", "!not_a_zip"}})
	check(t, audience.Zip, "ca", []given{{"L3T 5M7", "l3t5m7"}, {"l3t-5m7", "l3t5m7"}})
	check(t, audience.Zip, "jp", []given{{"〒100-0001", "1000001"}, {"１００－０００１", "1000001"}})
	check(t, audience.Zip, "br", []given{{"01310-100", "01310100"}})
	check(t, audience.Zip, "pt", []given{{"1000-205", "1000205"}})
	check(t, audience.Zip, "nl", []given{{"1012 AB", "1012ab"}})
	check(t, audience.Zip, "de", []given{{"10115", "10115"}, {"D-10115", "d10115"}, {"10115 Berlin", "10115berlin"}, {"123456789012345", "!too_long"}})
	check(t, audience.Zip, "ai", []given{{"AI-2640", "ai2640"}})
	check(t, audience.Zip, "", []given{{"94025-3215", "94025"}, {"940253215", "940253215"}, {"1987", "1987"}, {"01310-100", "01310100"}, {"1", "!not_a_zip"}, {"São", "!not_a_zip"}, {"abc", "!not_a_zip"}})
}

func TestCountry(t *testing.T) {
	check(t, audience.Country, "", []given{
		{"US", "us"}, {"us", "us"}, {" us ", "us"}, {"USA", "us"}, {"U.S.A.", "us"}, {"U.S.", "us"}, {"United States", "us"}, {"UNITED STATES OF AMERICA", "us"}, {"The United States", "us"}, {"America", "us"},
		{"UK", "gb"}, {"GB", "gb"}, {"GBR", "gb"}, {"U.K.", "gb"}, {"United Kingdom", "gb"}, {"Great Britain", "gb"}, {"England", "gb"}, {"Scotland", "gb"}, {"Wales", "gb"}, {"Northern Ireland", "gb"},
		{"Austria", "at"}, {"AT", "at"}, {"AUT", "at"}, {"Österreich", "at"}, {"Australia", "au"}, {"AUS", "au"},
		{"Germany", "de"}, {"DEU", "de"}, {"Deutschland", "de"}, {"France", "fr"}, {"España", "es"}, {"Espan\u0303a", "es"}, {"Italia", "it"}, {"Brasil", "br"}, {"México", "mx"}, {"The Netherlands", "nl"}, {"Holland", "nl"},
		{"Switzerland", "ch"}, {"CHE", "ch"}, {"Schweiz", "ch"}, {"Suisse", "ch"}, {"Czech Republic", "cz"}, {"Czechia", "cz"}, {"Türkiye", "tr"}, {"Turkey", "tr"}, {"TUR", "tr"},
		{"South Korea", "kr"}, {"Korea, Republic of", "kr"}, {"Republic of Korea", "kr"}, {"North Korea", "kp"}, {"Korea (Democratic People's Republic of)", "kp"}, {"Russia", "ru"}, {"Russian Federation", "ru"}, {"Россия", "ru"},
		{"Vietnam", "vn"}, {"Viet Nam", "vn"}, {"Hong Kong", "hk"}, {"Hong Kong SAR", "hk"}, {"Macau", "mo"}, {"Taiwan", "tw"}, {"Taiwan, Province of China", "tw"}, {"China", "cn"}, {"日本", "jp"}, {"中国", "cn"},
		{"Iran", "ir"}, {"Iran (Islamic Republic of)", "ir"}, {"Iran, Islamic Republic of", "ir"}, {"Bolivia (Plurinational State of)", "bo"}, {"Venezuela (Bolivarian Republic of)", "ve"}, {"Tanzania, United Republic of", "tz"},
		{"Côte d'Ivoire", "ci"}, {"Ivory Coast", "ci"}, {"Congo", "cg"}, {"Republic of the Congo", "cg"}, {"Democratic Republic of the Congo", "cd"}, {"DR Congo", "cd"}, {"Congo, The Democratic Republic of the", "cd"},
		{"UAE", "ae"}, {"United Arab Emirates", "ae"}, {"Saudi Arabia", "sa"}, {"KSA", "sa"}, {"Georgia", "ge"}, {"Niger", "ne"}, {"Nigeria", "ng"}, {"Dominica", "dm"}, {"Dominican Republic", "do"}, {"Guinea", "gn"}, {"Guinea-Bissau", "gw"}, {"Equatorial Guinea", "gq"}, {"Papua New Guinea", "pg"},
		{"Ireland", "ie"}, {"Iceland", "is"}, {"Slovakia", "sk"}, {"Slovenia", "si"}, {"Sweden", "se"}, {"Swaziland", "sz"}, {"Eswatini", "sz"}, {"North Macedonia", "mk"}, {"Burma", "mm"}, {"Cabo Verde", "cv"}, {"Timor-Leste", "tl"}, {"Kosovo", "xk"}, {"Namibia", "na"}, {"NA", "na"}, {"NO", "no"},
		{"Puerto Rico", "pr"}, {"Guam", "gu"}, {"U.S. Virgin Islands", "vi"}, {"British Virgin Islands", "vg"}, {"Réunion", "re"}, {"Curaçao", "cw"}, {"Åland Islands", "ax"}, {"Palestine", "ps"}, {"Holy See", "va"}, {"Vatican City", "va"}, {"St. Lucia", "lc"}, {"Saint Kitts and Nevis", "kn"}, {"Trinidad & Tobago", "tt"}, {"Bosnia and Herzegovina", "ba"}, {"EL", "gr"}, {"Greece", "gr"},
		{"XX", "!unknown_country"}, {"ZZ", "!unknown_country"}, {"EU", "!unknown_country"}, {"XXX", "!unknown_country"}, {"Atlantis", "!unknown_country"}, {"840", "!unknown_country"}, {"Usaa", "!unknown_country"}, {"AN", "!unknown_country"}, {"YU", "!unknown_country"}, {"SU", "!unknown_country"},
		{"DD", "!unknown_country"}, {"Yugoslavia", "!unknown_country"}, {"Europe", "!unknown_country"}, {"International", "!unknown_country"}, {"California", "!unknown_country"}, {"U", "!unknown_country"}, {"usa usa", "!unknown_country"}, {"unknown", "!placeholder"}, {"n/a", "!placeholder"}, {"none", "!placeholder"},
	})
}

func TestDevice(t *testing.T) {
	const id = "aebe52e7-03ee-455a-b3c4-e57283966239"
	check(t, audience.MADID, "", []given{
		{id, id}, {strings.ToUpper(id), id}, {" " + id + " ", id},
		{"00000000-0000-0000-0000-000000000000", "!zero_id"},
		{strings.ReplaceAll(id, "-", ""), "!not_a_uuid"}, {"{" + id + "}", "!not_a_uuid"}, {id[:35], "!not_a_uuid"}, {id + "0", "!not_a_uuid"}, {"gebe52e7-03ee-455a-b3c4-e57283966239", "!not_a_uuid"},
		{"aebe52e703-ee-455a-b3c4-e57283966239", "!not_a_uuid"}, {"mary@example.com", "!not_a_uuid"}, {strings.Repeat("ab", 32), "!not_a_uuid"}, {"n/a", "!placeholder"}, {"0", "!not_a_uuid"},
	})
}

func TestExternID(t *testing.T) {
	const hash = "F1904CF1A9D73A55FA5DE0AC823C4403DED71AFD4C3248D00BDCD0866552BB79"
	check(t, audience.ExternID, "", []given{
		{"A-17", "A-17"}, {" A-17\u00a0", "A-17"}, {"a b", "a b"}, {"0", "0"}, {"0000000", "0000000"}, {"1234567890", "1234567890"}, {"NA", "NA"}, {"x", "x"}, {"Ünïcode", "Ünïcode"}, {"e\u0301", "e\u0301"}, {hash, hash},
		{"d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"},
		{"n/a", "!placeholder"}, {"NULL", "!placeholder"}, {"None", "!placeholder"}, {"-", "!placeholder"}, {"a\xff", "!broken_text"}, {strings.Repeat("x", 1024), strings.Repeat("x", 1024)}, {strings.Repeat("x", 1025), "!too_long"},
	})
}

func TestWorth(t *testing.T) {
	check(t, audience.LookalikeValue, "", []given{
		{"44.5", "44.5"}, {"0", "0"}, {"140", "140"}, {" 12.50 ", "12.5"}, {"007", "7"}, {".9", "0.9"}, {"5.", "5"}, {"+3", "3"}, {"-0", "0"}, {"-0.00", "0"}, {"1e3", "1000"}, {"1.5E+02", "150"}, {"1e-7", "0.0000001"},
		{"1.234", "1.234"}, {"0.30000000000000004", "0.30000000000000004"}, {"１２.５", "12.5"}, {"٤٤", "44"}, {"1e31", "10000000000000000000000000000000"},
		{"-1", "!negative_value"}, {"-0.01", "!negative_value"},
		{"1,234", "!ambiguous_value"}, {"1,234.50", "!ambiguous_value"}, {"1.234,50", "!ambiguous_value"}, {"12,5", "!ambiguous_value"}, {"1.234.567", "!ambiguous_value"}, {"1 234", "!ambiguous_value"}, {"1\u00a0234", "!ambiguous_value"},
		{"1'234", "!ambiguous_value"}, {"1_000", "!ambiguous_value"}, {"$12", "!ambiguous_value"}, {"12 €", "!ambiguous_value"}, {"£1,000", "!ambiguous_value"}, {"-1,5", "!ambiguous_value"}, {"٤٤٫٥", "!ambiguous_value"}, {"1+1", "!ambiguous_value"},
		{"12 EUR", "!not_a_value"}, {"much", "!not_a_value"}, {"0x10", "!not_a_value"}, {"inf", "!not_a_value"}, {"Infinity", "!not_a_value"}, {"e5", "!not_a_value"}, {"1e", "!not_a_value"}, {"1e+", "!not_a_value"}, {"12%", "!not_a_value"}, {"(12)", "!not_a_value"},
		{"NaN", "!placeholder"}, {"n/a", "!placeholder"}, {"null", "!placeholder"}, {"-", "!placeholder"}, {".", "!placeholder"}, {"", ""}, {"1\xff", "!broken_text"},
		{"1e32", "!too_long"}, {"1e999", "!too_long"}, {"1e-300", "!too_long"}, {strings.Repeat("1", 2049), "!too_long"},
	})
}

// What is neither yes nor no counts as LDU, and says so.
func TestProcessing(t *testing.T) {
	n := normalizer()
	for _, c := range []struct {
		value, want string
		reason      Reason
	}{
		{"LDU", audience.Limited, ""}, {" ldu ", audience.Limited, ""}, {`["LDU"]`, audience.Limited, ""}, {"['LDU']", audience.Limited, ""}, {"[LDU]", audience.Limited, ""}, {"Yes", audience.Limited, ""}, {"y", audience.Limited, ""}, {"TRUE", audience.Limited, ""}, {"t", audience.Limited, ""}, {"1", audience.Limited, ""}, {"1.0", audience.Limited, ""}, {"on", audience.Limited, ""},
		{"[]", audience.Unlimited, ""}, {"[ ]", audience.Unlimited, ""}, {`[""]`, audience.Unlimited, ""}, {"no", audience.Unlimited, ""}, {"N", audience.Unlimited, ""}, {"false", audience.Unlimited, ""}, {"F", audience.Unlimited, ""}, {"0", audience.Unlimited, ""}, {"0.0", audience.Unlimited, ""}, {"off", audience.Unlimited, ""},
		{"", "", ""}, {" ", "", ""}, {"n/a", "", Placeholder}, {"null", "", Placeholder}, {"-", "", Placeholder}, {"unknown", "", Placeholder},
		{"x", audience.Limited, NotYesOrNo}, {"opted out", audience.Limited, NotYesOrNo}, {"2", audience.Limited, NotYesOrNo}, {`["LDU","LDU"]`, audience.Limited, NotYesOrNo}, {"[1]", audience.Limited, ""}, {"California", audience.Limited, NotYesOrNo}, {"\xff", audience.Limited, NotYesOrNo}, {strings.Repeat("n", 2049), audience.Limited, NotYesOrNo},
	} {
		got, form := n.Append([]byte("before "), audience.DataProcessing, []byte(c.value), nil)
		assert.Equal(t, "before "+c.want, string(got), c.value)
		assert.Equal(t, Form{Reason: c.reason}, form, c.value)
		again, form := n.AppendCanonical(nil, audience.DataProcessing, []byte(c.want), nil)
		assert.Equal(t, c.want, string(again), c.value)
		assert.Empty(t, form, c.value)
	}
}
