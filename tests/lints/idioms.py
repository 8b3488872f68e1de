"""Expressions as the public collections of alerts have them (node, Kubernetes, Prometheus, etcd,
databases), shortened: right as they are, so that no lint may find anything in them."""

IDIOMS = r"""
up == 0
absent(up{job="kubelet"} == 1)
100 * (count by (job, namespace) (up == 0) / count by (job, namespace) (up)) > 10
1 - count(up == 1) / count(up) > 0.1
avg_over_time(up[5m]) * 100 < 50
min by (job, instance) (probe_success) == 0
changes(process_start_time_seconds[15m]) > 2
node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 5 and node_filesystem_readonly{fstype!=""} == 0
((node_filesystem_avail_bytes * 100) / node_filesystem_size_bytes < 10 and on (instance, device, mountpoint) node_filesystem_readonly == 0) * on (instance) group_left (nodename) node_uname_info{nodename=~".+"}
predict_linear(node_filesystem_avail_bytes[6h], 24*60*60) < 0
node_md_disks_required - ignoring (state) node_md_disks{state="active"} > 0
rate(node_network_receive_errs_total[2m]) / rate(node_network_receive_packets_total[2m]) > 0.01
node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.75
increase(node_vmstat_oom_kill[5m]) > 0
node_systemd_unit_state{state="failed"} == 1
node_timex_offset_seconds > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0
node_load1 / on (instance) group_left () count by (instance) (node_cpu_seconds_total{mode="idle"}) > 2
rate(node_disk_read_time_seconds_total[1m]) / rate(node_disk_reads_completed_total[1m]) > 0.1 and rate(node_disk_reads_completed_total[1m]) > 0
node_hwmon_temp_celsius * ignoring (label) group_left (instance, job, node, sensor) node_hwmon_sensor_label{label!="tctl"} > 75
100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m])) * 100) > 80
time() - node_textfile_mtime_seconds > 3600
max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1
sum by (namespace, pod) (max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) * on (namespace, pod) group_left (owner_kind) topk by (namespace, pod) (1, max by (namespace, pod, owner_kind) (kube_pod_owner{owner_kind!="Job"}))) > 0
(kube_deployment_spec_replicas > kube_deployment_status_replicas_available) and (changes(kube_deployment_status_replicas_updated[10m]) == 0)
kube_hpa_status_current_replicas == kube_hpa_spec_max_replicas
kube_node_status_condition{condition="Ready",status="true"} == 0
sum by (node) (changes(kube_node_status_condition{condition="Ready",status="true"}[15m])) > 2
kube_node_spec_taint{key="node.kubernetes.io/unreachable"} unless ignoring (key, value) kube_node_spec_taint{key=~"ToBeDeletedByClusterAutoscaler|cloud.google.com/impending-node-termination"} == 1
count by (cluster) (count by (git_version, cluster) (label_replace(kubernetes_build_info, "git_version", "$1", "git_version", "(v[0-9]*.[0-9]*).*"))) > 1
apiserver_client_certificate_expiration_seconds_count > 0 and on (job) histogram_quantile(0.01, sum by (job, le) (rate(apiserver_client_certificate_expiration_seconds_bucket[5m]))) < 604800
container_memory_working_set_bytes{container!=""} / on (namespace, pod, container) kube_pod_container_resource_limits{resource="memory"} > 0.9
sum by (cluster) (namespace_cpu:kube_pod_container_resource_requests:sum) - (sum by (cluster) (kube_node_status_allocatable{resource="cpu"}) - max by (cluster) (kube_node_status_allocatable{resource="cpu"})) > 0 and (sum by (cluster) (kube_node_status_allocatable{resource="cpu"}) - max by (cluster) (kube_node_status_allocatable{resource="cpu"})) > 0
ALERTS{severity="info"} == 1 unless on (namespace) ALERTS{alertname!="InfoInhibitor",severity=~"warning|critical",alertstate="firing"} == 1
sum without (type) (rate(prometheus_tsdb_head_samples_appended_total[5m])) <= 0 and (sum without (scrape_job) (prometheus_target_metadata_cache_entries) > 0 or sum without (rule_group) (prometheus_rule_group_rules) > 0)
max_over_time(prometheus_remote_storage_highest_timestamp_in_seconds[5m]) - ignoring (remote_name, url) group_right () max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds[5m]) > 120
max_over_time(prometheus_config_last_reload_successful[5m]) == 0
min without (alertmanager) (rate(prometheus_notifications_errors_total[5m]) / rate(prometheus_notifications_sent_total[5m])) * 100 > 3
max_over_time(alertmanager_cluster_members[5m]) < on (job) group_left () count by (job) (max_over_time(alertmanager_cluster_members[5m]))
count by (job) (count_values by (job) ("config_hash", alertmanager_config_hash)) != 1
count by (job) (changes(process_start_time_seconds[10m]) > 4) / count by (job) (up) >= 0.5
sum by (job) (up{job=~".*etcd.*"} == bool 1) < (count by (job) (up{job=~".*etcd.*"}) + 1) / 2
histogram_quantile(0.99, rate(etcd_network_peer_round_trip_time_seconds_bucket[5m])) > 0.15
last_over_time(etcd_mvcc_db_total_size_in_bytes[5m]) / last_over_time(etcd_server_quota_backend_bytes[5m]) * 100 > 95
redis_memory_used_bytes / redis_memory_max_bytes * 100 > 90
sum by (server) (pg_stat_activity_count) > sum by (server) (pg_settings_max_connections) * 0.9
mysql_global_status_threads_connected / mysql_global_variables_max_connections > 0.8
(mysql_slave_status_slave_io_running and on (instance) mysql_slave_status_master_server_id > 0) == 0
sum(rate(http_requests_total{status=~"5.."}[1m])) / sum(rate(http_requests_total[1m])) * 100 > 5
sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05 and sum(rate(http_requests_total[5m])) > 10
(sum(rate(errors_total[5m])) or vector(0)) / sum(rate(requests_total[5m])) > 0.05
sum(rate(jobs_total[1h])) == 0 or absent(jobs_total)
rate(requests_total[5m]) < 0.5 * rate(requests_total[5m] offset 1w)
slo:sli_error:ratio_rate1h > 14.4 * 0.001 and slo:sli_error:ratio_rate5m > 14.4 * 0.001
(probe_ssl_earliest_cert_expiry - time()) / 86400 < 14
hour() >= 8 < 18 and on () sum(rate(orders_total[10m])) < 1
abs(clock_offset_seconds) > 0.1
queue_depth > 100 and queue_depth offset 10m > 100
sum by (job) (rate(a_total[5m])) > 0 unless sum by (job) (rate(b_total[5m])) > 0
quantile by (job) (0.9, latency_seconds) > 2
""".strip().splitlines()
