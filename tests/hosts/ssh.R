# memHosts() by ssh, with an sshd on each of two hosts and keys made for this test: a cluster, values, what a host says that cannot be reached, and an end
# that leaves nothing on any host.
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})

sshd <- Filter(file.exists, c("/usr/sbin/sshd", "/usr/bin/sshd"))
if (!length(sshd) || !nzchar(Sys.which("ssh"))) {
  cat("skipped: ssh or its server is not installed\n")
  quit(status = 0)
}
hosts <- hosts_up(3L)
# Hosts have a /tmp of their own.
keys <- tempfile("memshare-ssh-", "/var/tmp")
dir.create(keys, mode = "0700")
at <- function(name) file.path(keys, name)
for (key in c("host", "user")) system2("ssh-keygen", c("-q", "-t", "ed25519", "-N", shQuote(""), "-f", at(key)))
writeLines(c(
  paste("HostKey", at("host")), paste("AuthorizedKeysFile", at("user.pub")), "StrictModes no", "PermitRootLogin yes", "UsePAM no", "PidFile none", "LogLevel ERROR"
), at("sshd"))
writeLines(c(paste("IdentityFile", at("user")), "BatchMode yes", "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "LogLevel ERROR"), at("ssh"))
dir.create("/run/sshd", FALSE)
for (i in 1:2) host_run(hosts, i, paste(sshd[[1L]], "-f", at("sshd"), "-o", paste0("ListenAddress=", hosts$addresses[[i]])))

by_ssh <- function(hosts) memHosts(hosts, workers = 2, rshopts = c("-F", at("ssh")))
cluster <- by_ssh(hosts$addresses[1:2])
m <- matrix(stats::rnorm(2e5), 100)
y <- stats::rnorm(100)
run <- function(...) memApply(m, 2, function(v, y) cor(v, y), VARS = list(y = y), ..., CONTROL = memControl(FUN.VALUE = 0))
stopifnot(identical(run(CLUSTER = cluster), run(MAX.CORES = 2)))
places <- unlist(memLapply(1:40, function(i) Sys.info()[["nodename"]], CLUSTER = cluster))
stopifnot(length(cluster) == 4L, setequal(places, c("host1", "host2")))
parallel::stopCluster(cluster)

# The third has no server.
refused <- error_of(by_ssh(hosts$addresses))
stopifnot(inherits(refused, "memshare_error_cluster"), grepl(hosts$addresses[[3L]], conditionMessage(refused)), grepl("refused", conditionMessage(refused)))
left <- function() unlist(lapply(1:2, function(i) Filter(function(name) name != "sshd", left_on(hosts, i))))
clean <- soon(function() !length(left()), 30)
if (!clean) stop("left behind: ", paste(left(), collapse = ", "))
hosts_down(hosts)
unlink(keys, recursive = TRUE)
cat("ok  memHosts() by ssh over two hosts, and a third that refuses\n")
