// What Redis does with values, counters and groups: one script for whatever has to be one step.

import { script } from './script.ts';

/**
 * Keys: value, version of its bucket. Arguments: value, time to live ('' for ever), the version that has to be there ('' any,
 * '0' none). A version is the time in microseconds, or one more than the greatest one of the bucket where the clock went
 * back; as that one is never removed, versions also grow over the removal of a value, and by the clock over the loss of all.
 */
export const PUT = script(`
if ARGV[3] ~= '' and (redis.call('HGET', KEYS[1], 'n') or '0') ~= ARGV[3] then return false end
local time = redis.call('TIME')
local version = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
local written = string.format('%.0f', version)
redis.call('SET', KEYS[2], written)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', written)
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return written
`);

/** Key: value. Arguments: version, time to live. */
export const TOUCH = script(`
if redis.call('HGET', KEYS[1], 'n') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** Key: value. Argument: version ('' any, '0' none). */
export const REMOVE = script(`
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'n') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** Keys: counters. Arguments: for each what is added, and its time to live. */
export const COUNT = script(`
local counts = {}
for index, key in ipairs(KEYS) do
	local by, ttl = ARGV[2 * index - 1], ARGV[2 * index]
	if by == '0' then
		counts[index] = redis.call('GET', key) or '0'
	else
		counts[index] = redis.call('INCRBY', key, by)
		if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ttl) end
	end
end
return counts
`);

/** Removes who has ended; keeps both keys of a group as long as anybody is in it. Keys: members, when they end. */
const GROUP = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function purge()
	repeat
		local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 500)
		if #ended > 0 then
			redis.call('HDEL', KEYS[1], unpack(ended))
			redis.call('ZREM', KEYS[2], unpack(ended))
		end
	until #ended < 500
end
local function settle()
	local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
	if last[1] and redis.call('ZCARD', KEYS[2]) == redis.call('HLEN', KEYS[1]) then
		redis.call('PEXPIREAT', KEYS[1], last[2])
		redis.call('PEXPIREAT', KEYS[2], last[2])
	else
		redis.call('PERSIST', KEYS[1])
		redis.call('PERSIST', KEYS[2])
	end
end
purge()
`;

/** Arguments: member, value, time to live ('' for ever). */
export const ENTER = script(`${GROUP}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] == '' then redis.call('ZREM', KEYS[2], ARGV[1])
else redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[3]), ARGV[1]) end
settle()
return 1
`);

/** Argument: member. */
export const LEAVE = script(`${GROUP}
redis.call('ZREM', KEYS[2], ARGV[1])
local was = redis.call('HDEL', KEYS[1], ARGV[1])
settle()
return was
`);

/** Returns members and values, one after the other. */
export const MEMBERS = script(`${GROUP}
return redis.call('HGETALL', KEYS[1])
`);

export const STORE_SCRIPTS = [PUT, TOUCH, REMOVE, COUNT, ENTER, LEAVE, MEMBERS];
