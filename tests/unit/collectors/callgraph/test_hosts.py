"""Which Services a text names: whole host names only, and only where they are hosts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.callgraph.hosts import Hosts

CART, WEB, DB = ("shop", "cart"), ("shop", "web"), ("data", "db-main")
HOSTS = Hosts({CART: frozenset({8080}), WEB: frozenset({80, 443}), DB: frozenset({5432})})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("http://cart", {CART}),
        ("http://cart/items?from=web", {CART}),
        ("http://CART:9", {CART}),
        ("https://user:pa55@cart.shop.svc.cluster.local:443/", {CART}),
        ("dns:///cart:8080", {CART}),
        ("cart:8080", {CART}),
        ("tcp/cart:8080", set()),
        ("cart:8081", set()),
        ("cart:80801", set()),
        ("kafka://cart:8080,web:443", {CART, WEB}),
        ("me@cart:8080", {CART}),
        ("cart.shop.svc", {CART}),
        ("cart.shop.svc.", {CART}),
        ("see cart.shop.svc.cluster.local, or web", {CART}),
        ("http://cart.shop", {CART}),
        ("cart.shop", set()),
        ("http://cart.data", set()),
        ("postgresql://db-main.data/orders", {DB}),
        ("postgresql://db-main/orders", set()),
        ("http://db-main-0.db-main.data.svc:5432", {DB}),
        ("http://web-1.web", {WEB}),
        ("http://$(CART_SERVICE_HOST):$(CART_SERVICE_PORT)", {CART}),
        ("${WEB_SERVICE_HOST}", {WEB}),
        ("$(SMALL_CART_SERVICE_HOST)", set()),
        ("http://cart.example.com", set()),
        ("http://my-cart", set()),
        ("http://cart-v2", set()),
        ("http://cart_old", set()),
        ("http://web.cart.example", set()),
        ("cart", set()),
        ('ROLES = {"web": Role(1.0, {"cart": 0.5})}', set()),
        ("registry.example/cart:8080", set()),
        ("", set()),
    ],
)
def test_a_service_is_named_by_its_host_name_alone(text, named):
    assert HOSTS.named(text, "shop") == named


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("CART_HOST", "cart", {CART}),
        ("cartHost", "cart.shop", {CART}),
        ("--upstream-url", "web", {WEB}),
        ("BACKEND_ADDRESSES", "cart, web", {CART, WEB}),
        ("BROKERS", "['cart', 'web']", {CART, WEB}),
        ("SERVER", "cart.example", set()),
        ("SHOP_SERVICE", "cart", set()),
        ("MODE", "web", set()),
        ("GREETING", "http://cart", {CART}),
        ("HOST", "cart and web", set()),
    ],
)
def test_a_bare_name_counts_where_the_key_says_that_it_is_a_host(key, value, named):
    assert HOSTS.setting(key, value, "shop") == named


def test_a_configuration_is_read_line_by_line_and_without_its_comments():
    text = """
    # was: http://web
    // http://web
    upstream: http://cart:8080   # the cart
    name: web
    db:
      host: db-main.data
    """
    assert HOSTS.config("app.yaml", text, "shop") == {CART, DB}
    assert HOSTS.config("CART_HOST", "cart\n", "shop") == {CART}
    assert HOSTS.config("app.json", '{\n "host": "web",\n "name": "cart"\n}', "shop") == {WEB}
    assert HOSTS.config("empty", "", "shop") == set()


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abcrtwe.-/:@=\"' 0189_$", max_size=60))
def test_what_is_named_stands_in_the_text(text):
    for _, name in HOSTS.config("URL", text, "shop"):
        assert name in text.lower()


@pytest.mark.parametrize("piece", ["a", "a.", "a-", " ", "://", "x@", "a: "])
def test_the_time_it_takes_grows_no_faster_than_the_line(piece):
    started = time.process_time()
    HOSTS.config("blob", piece * (200_000 // len(piece)), "shop")
    assert time.process_time() - started < 4
