// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files are looked for beside the configuration; GnuTLS says whether they fit together. */
#include "host/web_config.h"

#include "base/scope.h"
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
	int dir_fd;
	struct web_config *config;
	struct yaml_fault fault;
};

/* -EBADMSG with the fault filled: the file's own line in the configuration is what helps. */
static int read_file(struct reading *r, const struct yaml_value *name, struct config_text *text)
{
	int err = name ? config_file_read(r->dir_fd, name->text, text) : 0;

	if (err == -ENOMEM)
		return err;
	if (err == -EINVAL)
		return yaml_value_refuse(name, &r->fault, "not a regular file");
	if (err)
		return yaml_value_refuse(name, &r->fault, "cannot be read: %s", strerror(-err));
	return 0;
}

static gnutls_datum_t datum_of(const struct config_text *text)
{
	return (gnutls_datum_t){ (unsigned char *)text->at, (unsigned int)text->len };
}

/* --- are they what they are said to be? ------------------------------------------------------ */

static int check_key_is_private(struct reading *r)
{
	const struct yaml_value *name = r->config->settings.key_file;

	if (r->config->key.mode & (S_IROTH | S_IWOTH))
		return yaml_value_refuse(name, &r->fault,
					 "everyone may read this key (mode %03o); chmod 640 it",
					 r->config->key.mode);
	return 0;
}

static int check_pair(struct reading *r, gnutls_certificate_credentials_t credentials)
{
	const struct web_settings *s = &r->config->settings;
	gnutls_datum_t cert = datum_of(&r->config->cert), key = datum_of(&r->config->key);
	int err =
		gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM);

	if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return yaml_value_refuse(s->key_file, &r->fault, "not the key of \"%.80s\"",
					 s->cert_file->text);
	if (err < 0)
		return yaml_value_refuse(s->cert_file, &r->fault,
					 "with its key not a certificate in PEM: %s",
					 gnutls_strerror(err));
	return 0;
}

static int check_client_ca(struct reading *r, gnutls_certificate_credentials_t credentials)
{
	gnutls_datum_t ca = datum_of(&r->config->client_ca);

	if (r->config->settings.client_ca_file &&
	    gnutls_certificate_set_x509_trust_mem(credentials, &ca, GNUTLS_X509_FMT_PEM) <= 0)
		return yaml_value_refuse(r->config->settings.client_ca_file, &r->fault,
					 "no certificate in PEM");
	return 0;
}

static int check_tls(struct reading *r)
{
	gnutls_certificate_credentials_t credentials;
	int err = check_key_is_private(r);

	if (err)
		return err;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return -ENOMEM;
	err = check_pair(r, credentials);
	if (!err)
		err = check_client_ca(r, credentials);
	gnutls_certificate_free_credentials(credentials);
	return err;
}

static int read_files(struct reading *r)
{
	const struct web_settings *s = &r->config->settings;
	int err = read_file(r, s->cert_file, &r->config->cert);

	if (!err)
		err = read_file(r, s->key_file, &r->config->key);
	if (!err)
		err = read_file(r, s->client_ca_file, &r->config->client_ca);
	return !err && s->cert_file ? check_tls(r) : err;
}

static int open_folder_of(const char *path)
{
	_release_(freep) char *copy = strdup(path);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int web_config_read(const char *path, struct web_config *ret_config)
{
	_release_(web_config_done) struct web_config config = { 0 };
	_release_(closep) int dir_fd = -1;
	struct reading r = { .config = &config };
	int err = config_file_read_yaml(path, &config.tree);

	if (err)
		return err;
	dir_fd = open_folder_of(path);
	if (dir_fd < 0)
		return log_errno(dir_fd, "cannot open the folder of %s", path);
	r.dir_fd = dir_fd;
	err = web_settings_read(config.tree, &config.settings, &r.fault);
	if (!err)
		err = read_files(&r);
	if (err == -EBADMSG)
		return config_file_refuse(path, &r.fault);
	if (err)
		return log_errno(err, "cannot read %s", path);
	*ret_config = config;
	config = (struct web_config){ 0 };
	return 0;
}

void web_config_done(struct web_config *config)
{
	config_text_done(&config->cert);
	if (config->key.at)
		explicit_bzero(config->key.at, config->key.len);
	config_text_done(&config->key);
	config_text_done(&config->client_ca);
	yaml_tree_free(config->tree);
	*config = (struct web_config){ 0 };
}

bool web_config_protects(const struct web_config *config)
{
	return config->settings.cert_file || config->settings.user_count > 0;
}
