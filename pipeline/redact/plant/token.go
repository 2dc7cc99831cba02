package plant

import (
	"encoding/base64"
	"encoding/pem"
	"math/rand/v2"
	"strings"
)

// Tokens are credentials that are told by their shape, as their issuers
// document it. Parts that a code host would take for a real one are joined only
// when they are made.
func Tokens() []Kind {
	return []Kind{
		{"AWS access key", func(r *rand.Rand) string { return "AK" + "IA" + of(r, upper+"234567", 16) }},
		{"AWS temporary key", func(r *rand.Rand) string { return "AS" + "IA" + of(r, upper+"234567", 16) }},
		{"AWS secret key", func(r *rand.Rand) string { return "aws_secret_access_key = " + of(r, alnum+"+/", 40) }},
		{"AWS secret key in the environment", func(r *rand.Rand) string { return "AWS_SECRET_ACCESS_KEY=" + of(r, alnum+"+/", 40) }},
		{"Google API key", func(r *rand.Rand) string { return "AI" + "za" + of(r, base64s, 35) }},
		{"Google access token", func(r *rand.Rand) string { return "ya" + "29." + of(r, base64s, 120) }},
		{"Google client secret", func(r *rand.Rand) string { return "GOC" + "SPX-" + of(r, base64s, 28) }},
		{"Azure storage key", func(r *rand.Rand) string {
			return "DefaultEndpointsProtocol=https;AccountName=shop;Account" + "Key=" + base64.StdEncoding.EncodeToString(random(r, 64)) + ";EndpointSuffix=core.windows.net"
		}},
		{"Azure shared access signature", func(r *rand.Rand) string {
			return "https://shop.blob.core.windows.net/c?sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&sig=" + of(r, alnum, 40) + "%2B" + of(r, alnum, 2) + "%3D"
		}},
		{"Azure client secret", func(r *rand.Rand) string { return of(r, alnum, 3) + "8Q" + "~" + of(r, alnum+"_~.-", 34) }},
		{"GitHub token", func(r *rand.Rand) string { return "gh" + "p_" + of(r, alnum, 36) }},
		{"GitHub app token", func(r *rand.Rand) string { return "gh" + "s_" + of(r, alnum, 36) }},
		{"GitHub OAuth token", func(r *rand.Rand) string { return "gh" + "o_" + of(r, alnum, 36) }},
		{"GitHub fine-grained token", func(r *rand.Rand) string { return "github" + "_pat_" + of(r, alnum, 22) + "_" + of(r, alnum, 59) }},
		{"GitLab token", func(r *rand.Rand) string { return "gl" + "pat-" + of(r, base64s, 20) }},
		{"GitLab deploy token", func(r *rand.Rand) string { return "gl" + "dt-" + of(r, base64s, 20) }},
		{"GitLab runner token", func(r *rand.Rand) string { return "gl" + "rt-" + of(r, base64s, 20) }},
		{"Slack bot token", func(r *rand.Rand) string {
			return "xo" + "xb-" + of(r, digits, 12) + "-" + of(r, digits, 13) + "-" + of(r, alnum, 24)
		}},
		{"Slack app token", func(r *rand.Rand) string {
			return "xa" + "pp-1-A" + of(r, upper+digits, 10) + "-" + of(r, digits, 13) + "-" + of(r, hexLower, 64)
		}},
		{"Slack webhook", func(r *rand.Rand) string {
			return "https://hooks.slack" + ".com/services/T" + of(r, upper+digits, 10) + "/B" + of(r, upper+digits, 10) + "/" + of(r, alnum, 24)
		}},
		{"Discord webhook", func(r *rand.Rand) string {
			return "https://discord" + ".com/api/webhooks/" + of(r, digits, 18) + "/" + of(r, base64s, 68)
		}},
		{"Telegram bot token", func(r *rand.Rand) string { return of(r, "123456789", 10) + ":AA" + of(r, base64s, 33) }},
		{"Stripe key", func(r *rand.Rand) string { return "sk_" + "live_" + of(r, alnum, 24) }},
		{"Stripe restricted key", func(r *rand.Rand) string { return "rk_" + "live_" + of(r, alnum, 99) }},
		{"SendGrid key", func(r *rand.Rand) string { return "S" + "G." + of(r, base64s, 22) + "." + of(r, base64s, 43) }},
		{"Twilio key", func(r *rand.Rand) string { return "S" + "K" + of(r, hexLower, 32) }},
		{"Mailgun key", func(r *rand.Rand) string { return "MAILGUN_API_KEY=key" + "-" + of(r, hexLower, 32) }},
		{"Mailchimp key", func(r *rand.Rand) string { return of(r, hexLower, 32) + "-us" + of(r, "123456789", 1) }},
		{"npm token", func(r *rand.Rand) string { return "np" + "m_" + of(r, alnum, 36) }},
		{"PyPI token", func(r *rand.Rand) string { return "py" + "pi-AgEIcHlwaS5vcmc" + of(r, base64s, 120) }},
		{"RubyGems key", func(r *rand.Rand) string { return "ruby" + "gems_" + of(r, hexLower, 48) }},
		{"Docker Hub token", func(r *rand.Rand) string { return "dck" + "r_pat_" + of(r, base64s, 27) }},
		{"Hugging Face token", func(r *rand.Rand) string { return "h" + "f_" + of(r, lower+upper, 34) }},
		{"OpenAI project key", func(r *rand.Rand) string {
			return "sk" + "-proj-" + of(r, base64s, 74) + "T3Bl" + "bkFJ" + of(r, base64s, 74)
		}},
		{"OpenAI key", func(r *rand.Rand) string { return "sk" + "-" + of(r, alnum, 20) + "T3Bl" + "bkFJ" + of(r, alnum, 20) }},
		{"Anthropic key", func(r *rand.Rand) string { return "sk" + "-ant-api03-" + of(r, base64s, 93) + "AA" }},
		{"Databricks token", func(r *rand.Rand) string { return "da" + "pi" + of(r, hexLower, 32) }},
		{"DigitalOcean token", func(r *rand.Rand) string { return "do" + "p_v1_" + of(r, hexLower, 64) }},
		{"Grafana service account token", func(r *rand.Rand) string { return "gl" + "sa_" + of(r, alnum, 32) + "_" + of(r, hexLower, 8) }},
		{"Grafana cloud token", func(r *rand.Rand) string {
			return "gl" + "c_" + base64.StdEncoding.EncodeToString([]byte(`{"o":"1","n":"`+of(r, lower, 8)+`","k":"`+of(r, alnum, 24)+`","m":{"r":"us"}}`))
		}},
		{"New Relic key", func(r *rand.Rand) string { return "NR" + "AK-" + of(r, upper+digits, 27) }},
		{"Datadog key", func(r *rand.Rand) string { return "DD_API_KEY=" + of(r, hexLower, 32) }},
		{"Sentry token", func(r *rand.Rand) string { return "snt" + "ryu_" + of(r, hexLower, 64) }},
		{"Vault token", func(r *rand.Rand) string { return "hv" + "s." + of(r, base64s, 95) }},
		{"Vault batch token", func(r *rand.Rand) string { return "hv" + "b." + of(r, base64s, 140) }},
		{"Terraform Cloud token", func(r *rand.Rand) string { return of(r, alnum, 14) + ".atlas" + "v1." + of(r, base64s, 64) }},
		{"Doppler token", func(r *rand.Rand) string { return "dp" + ".pt." + of(r, alnum, 43) }},
		{"Postman key", func(r *rand.Rand) string { return "PM" + "AK-" + of(r, hexLower, 24) + "-" + of(r, hexLower, 34) }},
		{"Shopify token", func(r *rand.Rand) string { return "shp" + "at_" + of(r, hexLower, 32) }},
		{"Square token", func(r *rand.Rand) string { return "sq0" + "atp-" + of(r, base64s, 22) }},
		{"Atlassian token", func(r *rand.Rand) string {
			return "ATA" + "TT3xFfGF0" + of(r, base64s, 170) + "=" + of(r, upper+digits, 8)
		}},
		{"Notion token", func(r *rand.Rand) string { return "nt" + "n_" + of(r, digits, 11) + of(r, alnum, 35) }},
		{"Linear key", func(r *rand.Rand) string { return "lin" + "_api_" + of(r, alnum, 40) }},
		{"Figma token", func(r *rand.Rand) string { return "fi" + "gd_" + of(r, base64s, 40) }},
		{"Octopus Deploy key", func(r *rand.Rand) string { return "API" + "-" + of(r, upper+digits, 26) }},
		{"age key", func(r *rand.Rand) string {
			return "AGE-" + "SECRET-KEY-1" + of(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
		}},
		{"JSON web token", jwt},
		{"bootstrap token", func(r *rand.Rand) string {
			return "kubeadm join --token " + of(r, lower+digits, 6) + "." + of(r, lower+digits, 16)
		}},
		{"RSA private key", func(r *rand.Rand) string { return key(r, "RSA PRIVATE KEY", 1190) }},
		{"private key", func(r *rand.Rand) string { return key(r, "PRIVATE KEY", 1216) }},
		{"encrypted private key", func(r *rand.Rand) string { return key(r, "ENCRYPTED PRIVATE KEY", 1300) }},
		{"OpenSSH key", func(r *rand.Rand) string { return key(r, "OPENSSH PRIVATE KEY", 400) }},
		{"private key on one line", func(r *rand.Rand) string { return strings.ReplaceAll(key(r, "PRIVATE KEY", 600), "\n", `\n`) }},
		{"URL with a password", func(r *rand.Rand) string { return "amqp://shop:" + of(r, alnum, 14) + "@mq.shop.svc:5672/v" }},
		{"URL of Redis", func(r *rand.Rand) string { return "redis://:" + of(r, alnum, 20) + "@redis:6379/0" }},
		{"MongoDB URL", func(r *rand.Rand) string {
			return "mongodb+srv://app:" + of(r, alnum, 26) + "@cluster0.x.mongodb.net/db"
		}},
		{"connection string", func(r *rand.Rand) string {
			return "Server=db;Database=shop;User Id=sa;Password=" + of(r, alnum+"!#", 14) + ";Encrypt=true"
		}},
		{"JDBC URL", func(r *rand.Rand) string {
			return "jdbc:postgresql://db:5432/shop?user=app&password=" + of(r, alnum, 14)
		}},
		{"flag", func(r *rand.Rand) string { return "--db-password=" + of(r, alnum, 14) }},
		{"flag and value", func(r *rand.Rand) string { return "mysqldump --password " + of(r, alnum, 14) + " shop" }},
		{"variable", func(r *rand.Rand) string { return "export PGPASSWORD='" + of(r, alnum, 14) + "'" }},
		{"YAML", func(r *rand.Rand) string { return "user: app\nclient_secret: " + of(r, alnum, 24) + "\nmode: x\n" }},
		{"JSON", func(r *rand.Rand) string {
			return `failed with {"user":"app","api_key":"` + of(r, alnum, 32) + `"} at`
		}},
		{"basic authorization", func(r *rand.Rand) string {
			return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("app:"+of(r, alnum, 14)))
		}},
		{"bearer authorization", func(r *rand.Rand) string { return `-H "Authorization: Bearer ` + of(r, alnum, 40) + `"` }},
		{"curl user", func(r *rand.Rand) string { return "curl -u app:" + of(r, alnum, 16) + " https://shop/api" }},
		{"bcrypt hash", func(r *rand.Rand) string { return "$2y$" + "10$" + of(r, alnum+"./", 53) }},
	}
}

// Secret returns the part of a token that must not be left: its longest word
// without what announces it. Of a URL it is a word of the path.
func Secret(token string) string {
	const between = " =:;,\"'`\n\\{}&?@<>"
	longest := ""
	for word := range strings.FieldsFuncSeq(token, func(c rune) bool {
		return strings.ContainsRune(between, c) || c == '/' && strings.Contains(token, "://")
	}) {
		if len(word) > len(longest) && !strings.HasPrefix(word, "--") {
			longest = word
		}
	}
	return longest
}

func jwt(r *rand.Rand) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"RS256","kid":"`+of(r, alnum, 20)+`"}`) + "." + part(`{"iss":"kubernetes/serviceaccount","sub":"`+of(r, alnum, 30)+`"}`) + "." +
		base64.RawURLEncoding.EncodeToString(random(r, 256))
}

func key(r *rand.Rand, kind string, size int) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: random(r, size)}))
}
