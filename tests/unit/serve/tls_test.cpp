// SPDX-License-Identifier: Apache-2.0
// The service over TLS, with a certificate made for the test.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "tests/support/errors.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using ::testing::HasSubstr;

/// A self-signed certificate for a day, and its key, as PEM files.
void write_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
  X509_set_pubkey(made.get(), pair.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_sign(made.get(), pair.get(), EVP_sha256());
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, made.get());
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  PEM_write_PrivateKey(file, pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

/// The answer to one request; empty where no connection comes about.
std::string ask(unsigned short port, int newest, const std::string& request) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_max_proto_version(context.get(), newest);
  SSL_CTX_set_security_level(context.get(), 0);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context.get()), BIO_free_all);
  BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
  if (BIO_do_connect(bio.get()) <= 0 || BIO_do_handshake(bio.get()) <= 0) return {};
  BIO_write(bio.get(), request.data(), static_cast<int>(request.size()));
  std::string answer;
  char bytes[4096];
  for (int n = 0; (n = BIO_read(bio.get(), bytes, sizeof bytes)) > 0;)
    answer.append(bytes, static_cast<std::size_t>(n));
  return answer;
}

TEST(Tls, IsSpokenInItsNewerVersionsOnly) {
  const test::ScratchFolder files;
  write_certificate(files / "c.pem", files / "k.pem");
  RunningServer running([&](ServeOptions& o) {
    o.certificate = files / "c.pem";
    o.private_key = files / "k.pem";
  });
  add_user(*std::make_unique<store::Store>(running.store()), "ann", "viewer", "a long password");
  const std::string body = R"({"user":"ann","password":"a long password"})";
  const std::string request = "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer = ask(running.port(), version, request);
    EXPECT_THAT(answer, HasSubstr("200 OK"));
    EXPECT_THAT(answer, HasSubstr("; Secure"));
  }
  EXPECT_EQ(ask(running.port(), TLS1_1_VERSION, request), "");
  EXPECT_EQ(test::HttpClient(running.port(), 5).get("/healthz").status, 0) << "not without TLS";
  EXPECT_TRUE(running.server->url().starts_with("https://"));
}

TEST(Tls, SaysWhatIsWrongWithItsFiles) {
  const test::ScratchFolder files;
  write_certificate(files / "c.pem", files / "k.pem");
  write_certificate(files / "other.pem", files / "other_key.pem");
  ServeOptions options;
  options.store = test::store_url(files);
  options.certificate = files / "c.pem";
  EXPECT_THAT(test::problem_of([&] { Server server(options); }), HasSubstr("go together"));
  options.private_key = files / "other_key.pem";
  EXPECT_THAT(test::problem_of([&] { Server server(options); }), HasSubstr("is not the key of the certificate"));
  options.certificate = files / "k.pem";
  EXPECT_THAT(test::problem_of([&] { Server server(options); }), HasSubstr("is no certificate"));
}

}  // namespace
}  // namespace ballast::serve
