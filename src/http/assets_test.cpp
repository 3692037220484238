#include "http/assets.hpp"

#include <gtest/gtest.h>

namespace busbar::http {
namespace {

TEST(Assets, TheRootIsTheStatusPage) {
    const auto page = find_asset("/");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
    EXPECT_EQ(page->bytes.substr(0, 15), "<!doctype html>");
    EXPECT_EQ(find_asset("/index.html")->bytes, page->bytes);
}

TEST(Assets, EveryFileThePageAsksForIsThere) {
    EXPECT_EQ(find_asset("/status.css")->content_type, "text/css; charset=utf-8");
    EXPECT_EQ(find_asset("/status.js")->content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(find_asset("/icon.svg")->content_type, "image/svg+xml");
}

TEST(Assets, NothingElseIsServed) {
    for (const auto* path : {"", "index.html", "/../index.html", "/status.css/", "/STATUS.css",
                             "//status.css", "/%69ndex.html", "/etc/passwd"}) {
        EXPECT_FALSE(find_asset(path)) << path;
    }
}

}  // namespace
}  // namespace busbar::http
