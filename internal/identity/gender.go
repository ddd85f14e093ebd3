package identity

// gender is m or f, by the spellings below. Anything else is left empty and never guessed: a first name or a title says
// nothing about what a person told Meta.
func (n *Normalizer) gender(dst, v []byte) ([]byte, Reason) {
	if len(v) == 1 {
		switch v[0] | 0x20 {
		case 'm', 'f':
			return append(dst, v[0]|0x20), ""
		}
	}
	n.folded = appendLower(n.folded[:0], v)
	if g, ok := genders[string(n.folded)]; ok {
		return append(dst, g), ""
	}
	return dst, NotAGender
}

var genders = map[string]byte{
	"male": 'm', "man": 'm', "boy": 'm', "masculine": 'm', "m.": 'm',
	"female": 'f', "woman": 'f', "girl": 'f', "feminine": 'f', "f.": 'f', "w": 'f', // woman, weiblich
	"männlich": 'm', "maennlich": 'm', "mann": 'm', "weiblich": 'f', "frau": 'f', // German
	"homme": 'm', "masculin": 'm', "femme": 'f', "féminin": 'f', "feminin": 'f', // French
	"hombre": 'm', "masculino": 'm', "varón": 'm', "varon": 'm', "mujer": 'f', "femenino": 'f', // Spanish
	"homem": 'm', "mulher": 'f', "feminino": 'f', // Portuguese
	"maschio": 'm', "uomo": 'm', "maschile": 'm', "femmina": 'f', "donna": 'f', "femminile": 'f', // Italian
	"mannelijk": 'm', "vrouw": 'f', "vrouwelijk": 'f', // Dutch
	"kvinna": 'f', "kvinne": 'f', "kvinde": 'f', "mand": 'm', "mies": 'm', "nainen": 'f', // Nordic
	"mężczyzna": 'm', "kobieta": 'f', "muž": 'm', "žena": 'f', "férfi": 'm', "nő": 'f', // Polish, Czech, Hungarian
	"erkek": 'm', "kadın": 'f', "kadin": 'f', // Turkish
	"м": 'm', "муж": 'm', "мужской": 'm', "мужчина": 'm', "ж": 'f', "жен": 'f', "женский": 'f', "женщина": 'f', // Russian
	"чоловік": 'm', "чоловіча": 'm', "жінка": 'f', "жіноча": 'f', // Ukrainian
	"άνδρας": 'm', "άντρας": 'm', "άρρεν": 'm', "γυναίκα": 'f', "θήλυ": 'f', // Greek
	"男": 'm', "男性": 'm', "女": 'f', "女性": 'f', "男子": 'm', "女子": 'f', // Chinese, Japanese
	"남": 'm', "남성": 'm', "남자": 'm', "여": 'f', "여성": 'f', "여자": 'f', // Korean
	"ذكر": 'm', "أنثى": 'f', "זכר": 'm', "נקבה": 'f', "पुरुष": 'm', "महिला": 'f', // Arabic, Hebrew, Hindi
	"ชาย": 'm', "หญิง": 'f', "nam": 'm', "nữ": 'f', "pria": 'm', "laki-laki": 'm', "wanita": 'f', "perempuan": 'f', // Thai, Vietnamese, Indonesian
}
