// For tests: certificates made on the spot, and a client that speaks TLS over a blocking socket.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace busbar::net {

template <class T, void (*Free)(T*)>
struct TestFree {
    void operator()(T* each) const { Free(each); }
};
using TestKey = std::unique_ptr<EVP_PKEY, TestFree<EVP_PKEY, EVP_PKEY_free>>;
using TestX509 = std::unique_ptr<X509, TestFree<X509, X509_free>>;

struct TestCertificate {
    TestKey key;
    TestX509 certificate;
};

struct TestSubject {
    std::string name;
    std::string usage = {};  // extendedKeyUsage: "serverAuth", "clientAuth"; empty: not said.
    long valid_s = 3'600;    // Negative: it has expired.
    bool is_ca = false;
};

// Signed by `by`, or by itself.
inline TestCertificate make_certificate(const TestSubject& subject,
                                        const TestCertificate* by = nullptr) {
    TestCertificate made{TestKey(EVP_EC_gen("P-256")), TestX509(X509_new())};
    auto* x509 = made.certificate.get();
    static long serial = 1;
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), -7'200);
    X509_gmtime_adj(X509_getm_notAfter(x509), subject.valid_s);
    X509_set_pubkey(x509, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1,
                               0);
    auto* issuer = by != nullptr ? by->certificate.get() : x509;
    X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    const auto extend = [&](int kind, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
        auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
    };
    if (subject.is_ca) extend(NID_basic_constraints, "critical,CA:TRUE");
    if (!subject.usage.empty()) extend(NID_ext_key_usage, subject.usage);
    X509_sign(x509, by != nullptr ? by->key.get() : made.key.get(), EVP_sha256());
    return made;
}

// A folder of PEM files, gone with it.
class TestFolder {
public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "busbar-tls-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for a test");
        path_ = name;
    }
    ~TestFolder() { std::filesystem::remove_all(path_); }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    // Writes "<name>.pem" and "<name>.key".
    void write(const std::string& name, const TestCertificate& made) const {
        auto* file = std::fopen(certificate(name).c_str(), "w");
        PEM_write_X509(file, made.certificate.get());
        std::fclose(file);
        file = std::fopen(key(name).c_str(), "w");
        PEM_write_PrivateKey(file, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    std::filesystem::path certificate(const std::string& name) const {
        return path_ / (name + ".pem");
    }
    std::filesystem::path key(const std::string& name) const { return path_ / (name + ".key"); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct TestTlsOptions {
    const TestCertificate* shows = nullptr;
    int most_version = 0;     // TLS1_2_VERSION...; 0: the newest.
    std::string suites = {};  // Of 1.2; empty: OpenSSL's own. With "@SECLEVEL=0" for old ones.
};

// Blocking. Every wait ends after 20 s, which only happens when something is broken.
class TestTls {
public:
    // Over a socket that is connected, and stays its owner's. Shakes hands.
    explicit TestTls(int socket, const TestTlsOptions& options = {})
        : context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
        if (options.most_version != 0) {
            SSL_CTX_set_min_proto_version(context_.get(), 0);
            SSL_CTX_set_max_proto_version(context_.get(), options.most_version);
        }
        if (!options.suites.empty())
            SSL_CTX_set_cipher_list(context_.get(), options.suites.c_str());
        if (options.shows != nullptr) {
            SSL_CTX_use_certificate(context_.get(), options.shows->certificate.get());
            SSL_CTX_use_PrivateKey(context_.get(), options.shows->key.get());
        }
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), socket);
        ERR_clear_error();
        shaken_ = SSL_connect(ssl_.get()) == 1;
    }

    bool shaken() const { return shaken_; }
    std::string version() const { return SSL_get_version(ssl_.get()); }
    std::string suite() const { return SSL_get_cipher_name(ssl_.get()); }
    // Of the server's certificate.
    std::string server_name() const {
        const TestX509 shown(SSL_get1_peer_certificate(ssl_.get()));
        char name[256] = "";
        if (shown)
            X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                                      sizeof name);
        return name;
    }
    SSL* ssl() { return ssl_.get(); }

    bool write(std::string_view bytes) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
    }
    // What comes next; "" when it is over.
    std::string read() {
        char bytes[4'096];
        const int got = SSL_read(ssl_.get(), bytes, sizeof bytes);
        return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
    }

private:
    std::unique_ptr<SSL_CTX, TestFree<SSL_CTX, SSL_CTX_free>> context_;
    std::unique_ptr<SSL, TestFree<SSL, SSL_free>> ssl_;
    bool shaken_ = false;
};

// A connected TCP socket of this machine.
class TestSocket {
public:
    explicit TestSocket(std::uint16_t port)
        : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{20, 0};
        ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(number_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // A failure shows at once: nothing can be written or heard.
        (void)::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ~TestSocket() { ::close(number_); }
    TestSocket(const TestSocket&) = delete;
    TestSocket& operator=(const TestSocket&) = delete;

    int number() const { return number_; }

private:
    int number_;
};

}  // namespace busbar::net
