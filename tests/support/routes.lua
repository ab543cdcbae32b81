-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
-- wrk: asks for the given routes in turn, at LOAD_RATE requests per second over LOAD_CONNECTIONS
-- connections. %d in a route becomes a number that no other request of any run has.
-- usage: wrk -t1 -cN -dS -s routes.lua http://127.0.0.1:PORT -- ROUTE...

local routes = {}
local count = 0
local first_key = os.time() * 1000000
local pause_ms = 0

function init(args)
	local rate = tonumber(os.getenv("LOAD_RATE") or "1000")
	local connections = tonumber(os.getenv("LOAD_CONNECTIONS") or "8")

	for _, route in ipairs(args) do
		routes[#routes + 1] = (route:gsub("%%d", "%%.0f"))
	end
	pause_ms = connections * 1000 / rate
end

function delay()
	return pause_ms
end

function request()
	count = count + 1
	return wrk.format("GET", routes[count % #routes + 1]:format(first_key + count))
end
