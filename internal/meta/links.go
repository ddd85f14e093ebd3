package meta

import (
	"net/url"
	"strings"
)

// The pages of Meta's that people are sent to: where they act, and where it is documented. No other file of
// the package has a link.
const (
	SystemUsersPage = "https://business.facebook.com/settings/system-users"
	AccountsPage    = "https://business.facebook.com/settings/ad-accounts"
	appsPage        = "https://developers.facebook.com/apps"
	qualityPage     = "https://business.facebook.com/accountquality"
	audiencesPage   = "https://business.facebook.com/adsmanager/audiences"

	termsPage         = "https://business.facebook.com/ads/manage/customaudiences/tos/"
	valueTermsPage    = "https://business.facebook.com/customaudiences/value_based/tos.php"
	appTermsPage      = "https://www.facebook.com/customaudiences/app/tos"
	businessTermsPage = "https://business.facebook.com/ads/manage/customaudiences/tos.php"
	toolsTermsPage    = "https://business.facebook.com/legal/technology_terms"

	StatusPage       = "https://metastatus.com"
	VersionsPage     = "https://developers.facebook.com/documentation/ads-commerce/marketing-api/marketing-api-changelog/versions"
	AccessPage       = "https://developers.facebook.com/docs/marketing-api/overview/authorization"
	limitsPage       = "https://developers.facebook.com/docs/marketing-api/overview/rate-limiting"
	errorsPage       = "https://developers.facebook.com/docs/marketing-api/error-reference"
	AudienceDocument = "https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/custom-audience"
	uploadDocument   = "https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences"
)

// TermsPage is where a person accepts the terms of Custom Audiences for an ad account (act_<digits>).
func TermsPage(account string) string { return ofAccount(termsPage, account) }

// ValueTermsPage is where a person accepts the terms of value-based Custom Audiences for an ad account (act_<digits>).
func ValueTermsPage(account string) string { return ofAccount(valueTermsPage, account) }

// AudiencesPage is where Ads Manager shows the audiences of an ad account (act_<digits>, or the digits alone).
func AudiencesPage(account string) string { return ofAccount(audiencesPage, account) }

func ofAccount(page, account string) string {
	account = strings.TrimPrefix(account, "act_")
	if account == "" {
		return page
	}
	return page + "?act=" + url.QueryEscape(account)
}
