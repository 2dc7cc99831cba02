package config

import (
	"iter"
	"slices"
	"strings"
)

// alphabet is what the keys of Fluent Bit's configurations are made of. Keys
// compare without regard to case.
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789_.-"

// misspellings asks for the likely misspellings of every key and reports those
// that are set. Values are never looked at beyond being there.
func misspellings(g Getter, options []Option) []*KeyError {
	known := make(map[string]bool, len(options))
	for _, o := range options {
		known[o.Key] = true
	}
	var found []*KeyError
	at := map[string]*KeyError{}
	try := func(wrong, key string) {
		if known[wrong] || reserved(wrong) || g.Get(wrong) == "" {
			return
		}
		e := at[wrong]
		if e == nil {
			e = &KeyError{Key: wrong}
			at[wrong] = e
			found = append(found, e)
		}
		if !slices.Contains(e.Meant, key) {
			e.Meant = append(e.Meant, key)
		}
	}
	for _, o := range options {
		for wrong := range typos(o.Key) {
			try(string(wrong), o.Key)
		}
		for wrong := range misnomers(o.Key) {
			try(wrong, o.Key)
		}
	}
	for _, m := range remembered() {
		if !known[m.key] {
			continue
		}
		for wrong := range strings.FieldsSeq(m.wrong) {
			try(wrong, m.key)
		}
	}
	return found
}

// reserved tells the keys that the host keeps for itself and that are right as
// they are.
func reserved(key string) bool {
	switch key {
	case "name", "tag", "match", "match_regex", "alias", "host", "port", "listen", "ipv6", "tls", "log_level",
		"mem_buf_limit", "threaded", "workers", "retry_limit", "routable", "log_suppress_interval", "processors":
		return true
	}
	for _, prefix := range []string{"net.", "oauth2", "tls.", "storage.", "thread.", "rate_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// typos yields every string one slip of a finger away from the key: a
// character too many, too few, another one, or two in the wrong order. A
// yielded slice is good until the next one.
func typos(key string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		buf := make([]byte, 0, len(key)+1)
		for i := 0; i <= len(key); i++ {
			for _, c := range []byte(alphabet) {
				buf = append(append(append(buf[:0], key[:i]...), c), key[i:]...)
				if !yield(buf) {
					return
				}
			}
		}
		for i := range len(key) {
			buf = append(append(buf[:0], key[:i]...), key[i+1:]...)
			if len(buf) > 0 && !yield(buf) {
				return
			}
			buf = append(buf[:0], key...)
			for _, c := range []byte(alphabet) {
				buf[i] = c
				if c != key[i] && !yield(buf) {
					return
				}
			}
			buf[i] = key[i]
			if i+1 < len(key) && key[i] != key[i+1] {
				buf[i], buf[i+1] = key[i+1], key[i]
				if !yield(buf) {
					return
				}
			}
		}
	}
}

// misnomers yields keys written in another fashion: with other separators or
// none, in the plural, with another prefix or none.
func misnomers(key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		names := []string{key}
		if bare, ok := strings.CutPrefix(key, "kube_"); ok {
			names = append(names, bare, "kubernetes_"+bare, "k8s_"+bare)
		}
		for _, name := range names {
			words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' })
			for _, separator := range []string{"_", ".", "-", ""} {
				joined := strings.Join(words, separator)
				if !yield(joined) || !yield(joined+"s") {
					return
				}
			}
		}
	}
}

// remembered are names that other tools, or the makers of a guess, have for
// what a key says.
func remembered() []struct{ key, wrong string } {
	return []struct{ key, wrong string }{
		{"kube_config", "kube_config_file kube_config_path kubeconfig_file kubeconfig_path kube_kubeconfig"},
		{"kube_context", "kube_current_context kubeconfig_context kube_config_context"},
		{"kube_url", "kube_api_url kube_api kube_api_server kube_apiserver kube_server kube_host kube_endpoint api_server apiserver server"},
		{"kube_ca_file", "kube_ca kube_ca_cert kube_ca_cert_file kube_ca_crt kube_cacert kube_certificate_authority ca"},
		{"kube_ca_path", "kube_ca_dir kube_ca_folder ca_dir"},
		{"kube_token_file", "kube_token kube_token_path kube_bearer_token kube_bearer_token_file kube_token_command token bearer_token bearer_token_file"},
		{"kube_token_ttl", "kube_token_refresh kube_token_interval"},
		{"kube_client_cert_file", "kube_client_cert kube_client_crt kube_client_crt_file kube_client_certificate kube_client_certificate_file kube_cert_file kube_cert kube_crt_file client_cert"},
		{"kube_client_key_file", "kube_client_key kube_key_file kube_key client_key"},
		{"kube_tls_verify", "kube_tls kube_verify kube_tls_insecure kube_insecure kube_insecure_skip_tls_verify kube_skip_tls_verify kube_tls_verify_hostname insecure insecure_skip_tls_verify"},
		{"kube_tls_server_name", "kube_tls_vhost kube_tls_hostname kube_tls_servername kube_server_name kube_vhost kube_tls_sni"},
		{"cluster_name", "cluster kube_cluster kube_cluster_name k8s_cluster_name kubernetes_cluster clustername"},
		{"kube_namespace", "kube_namespaces_include kube_include_namespace kube_include_namespaces kube_ns kube_watch_namespace"},
		{"kube_namespaces_exclude", "kube_namespace_exclude kube_exclude_namespace kube_exclude_namespaces exclude_namespace exclude_namespaces kube_namespaces_excluded kube_namespaces_ignore namespace_exclude"},
		{"kube_label_selector", "kube_labels_selector kube_selector kube_label kube_labels selector labels"},
		{"kube_field_selector", "kube_fields_selector kube_field kube_fields fields"},
		{"kube_request_limit", "kube_limit kube_page_size kube_page_limit kube_chunk_size kube_limit_request page_size"},
		{"kube_retention_time", "kube_retention retention kube_retention_period kube_max_age max_event_age"},
		{"kube_watch_timeout", "kube_timeout kube_request_timeout"},
		{"kube_events", "events kube_event kubernetes_events events_enabled"},
		{"kube_objects", "objects kube_live_objects live_objects objects_enabled watch_objects kube_watch_objects"},
		{"objects_only", "only_objects kube_objects_only kinds_only"},
		{"objects_include", "objects_included include_objects kube_objects_include objects_kinds objects_resources"},
		{"objects_exclude", "objects_excluded exclude_objects kube_objects_exclude objects_ignore"},
		{"application_rules_file", "application_rules application_rule_file application_rules_path applications_file rules_file rules app_rules_file"},
		{"correlate_wait", "correlation_wait correlate_timeout correlation_timeout correlate_wait_time wait"},
		{"kube_status", "status live_status object_status application_status statuses kube_statuses status_enabled"},
		{"health_rules_path", "health_rules health_rules_file health_rule_path health_path resource_customizations customizations"},
		{"sync_ignore", "ignore_differences ignore_sync sync_ignores drift_ignore sync_exclude"},
		{"prioritize_health", "prioritise_health health_first ignore_sync_status"},
		{"status_settle", "settle status_debounce debounce status_settle_time"},
		{"status_resync", "resync resync_interval status_resync_interval status_interval"},
		{"audit_path", "audit_log audit_log_path audit_file audit_log_file audit_paths audit_dir path"},
		{"audit_read_from", "audit_read_from_head read_from_head audit_from audit_start_at"},
		{"audit_max_line", "audit_max_line_size audit_line_max audit_buffer_max_size buffer_max_size"},
		{"audit_webhook_listen", "audit_webhook audit_webhook_port audit_webhook_address audit_listen audit_port webhook_listen"},
		{"audit_tls_crt_file", "audit_tls_cert_file audit_crt_file audit_cert_file audit_tls_cert audit_tls_crt"},
		{"audit_tls_key_file", "audit_key_file audit_tls_key"},
		{"audit_tls_client_ca_file", "audit_tls_ca_file audit_ca_file audit_client_ca_file audit_tls_ca audit_client_ca"},
		{"audit_token_file", "audit_token audit_bearer_token_file audit_webhook_token_file"},
		{"audit_max_body", "audit_max_body_size audit_body_max audit_webhook_max_body audit_webhook_max_batch_size"},
		{"audit_spool_file", "audit_spool audit_spool_path spool spool_file"},
		{"audit_spool_max_size", "audit_spool_max audit_spool_size audit_spool_max_bytes audit_spool_limit"},
		{"audit_stages", "audit_stages_exclude audit_omit_stages"},
		{"audit_verbs", "audit_verbs_include audit_include_verbs"},
		{"audit_verbs_exclude", "audit_exclude_verbs audit_excluded_verbs audit_ignore_verbs audit_verbs_excluded audit_exclude_verb"},
		{"audit_resources", "audit_resources_include audit_include_resources"},
		{"audit_resources_exclude", "audit_exclude_resources audit_excluded_resources audit_ignore_resources audit_resources_excluded audit_exclude_resource"},
		{"audit_users", "audit_users_include audit_include_users"},
		{"audit_users_exclude", "audit_exclude_users audit_excluded_users audit_ignore_users audit_users_excluded audit_exclude_user"},
		{"audit_namespaces", "audit_namespaces_include audit_include_namespaces"},
		{"audit_namespaces_exclude", "audit_exclude_namespaces audit_excluded_namespaces audit_ignore_namespaces audit_namespaces_excluded audit_exclude_namespace"},
		{"audit_bodies", "audit_body audit_request_body audit_request_bodies audit_response_body audit_include_bodies"},
		{"db", "db_path db_file db.path db.file database database_path sqlite cursor"},
		{"db.sync", "db.synchronous db_synchronous"},
		{"db.locking", "db.lock db_lock db.locking_mode db_locking_mode"},
		{"db.journal_mode", "db.journal db_journal db.wal journal_mode"},
		{"redact_salt_file", "redact_salt redact_salt_path salt_file salt salt_path redact.salt_file"},
		{"redact_values_path", "redact_values redact_value_path redact_values_file redact_values_dir redact_secrets_path redact_variables_path sensitive_values_path values_path"},
		{"redact_cluster_secrets", "redact_secrets redact_kube_secrets cluster_secrets redact_cluster_secret"},
		{"redact_min_length", "redact_minimum_length redact_value_min_length redact_min_value_length min_length"},
		{"redact_stop_list", "redact_stop redact_stoplist redact_stop_words redact_values_ignore redact_ignore redact_allow"},
		{"redact_retire", "redact_retire_time redact_values_retire redact_retain"},
		{"redact_start", "redact_on_start redact_start_mode redact_fail"},
		{"redact_env_names", "redact_env redact_env_name redact_environment redact_variables redact_env_vars"},
		{"redact_rules_file", "redact_rules redact_rule_file redact_rules_path redact_patterns redact_patterns_file"},
		{"redact_rules_off", "redact_rules_disable redact_rules_disabled redact_rules_exclude redact_rule_off"},
		{"redact_max_bytes", "redact_max_size redact_max_body redact_limit redact_bytes_max"},
		{"redact_max_depth", "redact_depth redact_depth_max redact_max_nesting"},
		{"redact_budget", "redact_timeout redact_max_time redact_time"},
		{"core_dumps", "core_dump coredump coredumps core"},
		{"interval_sec", "interval interval_seconds interval_secs kube_interval_sec refresh_interval poll_interval"},
		{"interval_nsec", "interval_nanosec interval_nanoseconds interval_ns interval_ms interval_msec kube_interval_nsec"},
		{"batch_max_bytes", "batch_bytes batch_size batch_max batch_max_size batch_limit max_batch_bytes max_batch_size batch_bytes_max"},
		{"monitor_interval", "monitor_interval_sec monitor_period monitor monitoring_interval monitor_status_interval"},
		{"forward_to", "forward to forward_url forward_uri forward_host forward_endpoint forward_address forward_path output_to downstream destination url uri endpoint"},
		{"forward_format", "format output_format forward_encoding"},
		{"forward_compress", "compress compression forward_compression forward_gzip gzip"},
		{"forward_tls", "forward_ssl"},
		{"forward_tls_verify", "forward_verify forward_tls_insecure forward_insecure forward_insecure_skip_verify"},
		{"forward_tls_ca_file", "forward_ca_file forward_tls_ca forward_ca forward_tls_ca_path"},
		{"forward_tls_crt_file", "forward_tls_cert_file forward_crt_file forward_cert_file forward_tls_cert forward_tls_crt forward_client_cert_file"},
		{"forward_tls_key_file", "forward_key_file forward_tls_key forward_client_key_file"},
		{"forward_tls_server_name", "forward_tls_vhost forward_tls_servername forward_server_name forward_vhost"},
		{"forward_token_file", "forward_token forward_bearer_token forward_bearer_token_file forward_token_path"},
		{"forward_headers_file", "forward_header forward_headers forward_header_file header headers"},
		{"forward_shared_key_file", "forward_shared_key shared_key shared_key_file"},
		{"forward_timeout", "forward_request_timeout timeout"},
		{"forward_file_max_size", "forward_max_size forward_file_size forward_rotate_size"},
		{"forward_file_max_files", "forward_max_files forward_file_count forward_file_backups"},
		{"dead_letter_path", "dead_letter dead_letters dead_letter_file dead_letters_path dead_letter_queue dlq dlq_path"},
		{"flush_timeout", "flush_wait flush_max_wait"},
		{"plugin_log_level", "plugin_log plugin_level plugin_loglevel plugin_debug plugin_verbosity"},
	}
}
