-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
-- wrk: at the end one line "JSON {...}" with every latency that was counted, in microseconds.

local function pairs_of(latency)
	local texts = {}

	for i = 1, #latency do
		local value, count = latency(i)
		texts[i] = ("[%d,%d]"):format(tonumber(value), tonumber(count))
	end
	return "[" .. table.concat(texts, ",") .. "]"
end

function done(summary, latency, _)
	local errors = summary.errors

	io.write(("JSON {\"requests\":%d,\"duration_us\":%d,\"connect\":%d,\"read\":%d,\"write\":%d,\"status\":%d,\"timeout\":%d,\"latency_us\":%s}\n"):format(
		summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.status, errors.timeout, pairs_of(latency)))
end
