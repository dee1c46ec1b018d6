// What Redis does with topics, as scripts: each runs alone, so that an offset, its event and its publication are one step.
//
// Each script asks the server who it is. A topic holds only for the replication id that it was written under: Redis draws a
// new one whenever it starts as a master and whenever a replica is promoted, and keeps it nowhere that a snapshot would
// bring back. Under another one the topic begins anew, with a new epoch and without its events. As the server says so while
// it runs the script, nothing depends on when a client noticed a reconnection, or on what it sent again.

import { script } from './script.ts';

/** Shared by the scripts that write. Arguments 1 and 2: what makes epochs unique, and after how long topics are forgotten. */
const OPEN = `
local function identity()
	return string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or error('no master_replid in INFO')
end
local function whole(number) return string.format('%.0f', number) end
local id, time = identity(), redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fresh, idle = ARGV[1], tonumber(ARGV[2])
local function begin(meta, stream)
	local epoch = fresh .. '.' .. string.format('%x.%x', time[1], time[2])
	redis.call('DEL', meta, stream)
	redis.call('HSET', meta, 'i', id, 'e', epoch, 'h', '0', 'c', '0', 'n', '0', 't', '0', 'x', '0', 'k', '')
	return { id, epoch, '0', '0', '0', '0', '0' }
end
local function open(meta, stream)
	local topic = redis.pcall('HMGET', meta, 'i', 'e', 'h', 'c', 'n', 't', 'x')
	if topic.err or topic[1] ~= id or not topic[7] then return begin(meta, stream) end
	return topic
end
local function refresh(meta, stream, due, kept)
	if now < tonumber(due) then return end
	redis.call('PEXPIRE', meta, whole(idle))
	redis.call('PEXPIRE', stream, whole(kept))
	redis.call('HSET', meta, 'x', whole(now + kept / 8))
end
`;

/**
 * Appends and publishes. Keys: meta and stream of each topic. Further arguments: bounds of count, bytes and age (0: none), the
 * command that publishes, then for each topic its channel, the number of its entries, and of each entry the number of its
 * events and these, one per line. Returns epoch and head of each.
 *
 * An entry of a stream has the offset of its last event: Redis works per entry, whatever there is in it.
 * Bytes and age are cut at marks, of which a topic has about 16: when it was set, the head and the bytes appended until then.
 * A stream that is not ours (another type, or ids ahead of the head) is replaced by a new one, under a new epoch.
 */
export const APPEND = script(`${OPEN}
local events, bytes, age, publish = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local kept = age > 0 and math.min(age, idle) or idle
local function isForeign(failure)
	return string.find(failure, 'WRONGTYPE', 1, true) or string.find(failure, 'equal or smaller', 1, true)
end
local function trimAtMarks(meta, stream, head, size)
	local marks, floor = {}, 0
	for at, offset, total in string.gmatch(redis.call('HGET', meta, 'k') or '', '(%d+),(%d+),(%d+);') do
		if size - total > bytes or (age > 0 and now - at > age) then floor = tonumber(offset)
		else marks[#marks + 1] = at .. ',' .. offset .. ',' .. total .. ';' end
	end
	marks[#marks + 1] = whole(now) .. ',' .. whole(head) .. ',' .. whole(size) .. ';'
	if floor > 0 then redis.call('XTRIM', stream, 'MINID', '~', whole(floor + 1)) end
	local later = age > 0 and now + age / 16 or 9e15
	redis.call('HSET', meta, 'k', table.concat(marks), 'n', whole(size + bytes / 16), 't', whole(later))
	return size + bytes / 16, later
end
local answers, at = {}, 7
for key = 1, #KEYS, 2 do
	local meta, stream, channel, entries, texts = KEYS[key], KEYS[key + 1], ARGV[at], tonumber(ARGV[at + 1]), {}
	local topic = open(meta, stream)
	local head, size = tonumber(topic[3]), tonumber(topic[4])
	local first, dueSize, dueTime = head + 1, tonumber(topic[5]), tonumber(topic[6])
	at = at + 2
	for entry = 1, entries do
		local count, bodies = tonumber(ARGV[at]), ARGV[at + 1]
		local added = redis.pcall('XADD', stream, whole(head + count) .. '-0', 'b', bodies)
		if type(added) == 'table' and added.err then
			if entry > 1 or not isForeign(added.err) then return redis.error_reply(added.err) end
			topic = begin(meta, stream)
			head, size, first, dueSize, dueTime = 0, 0, 1, 0, 0
			redis.call('XADD', stream, whole(count) .. '-0', 'b', bodies)
		end
		at, head, size, texts[entry] = at + 2, head + count, size + #bodies, bodies
		if size >= dueSize or now >= dueTime then dueSize, dueTime = trimAtMarks(meta, stream, head, size) end
	end
	redis.call('HSET', meta, 'h', whole(head), 'c', whole(size))
	if math.floor(head / 64) > math.floor((first - 1) / 64) and head > events then
		redis.call('XTRIM', stream, 'MINID', '~', whole(head - events + 1))
	end
	refresh(meta, stream, topic[7], kept)
	local text = entries == 1 and texts[1] or table.concat(texts, '\\n')
	redis.call(publish, channel, 'e ' .. topic[2] .. ' ' .. whole(first) .. '\\n' .. text)
	answers[#answers + 1] = topic[2]
	answers[#answers + 1] = whole(head)
end
return answers
`);

/** Finds or begins topics. Keys: meta and stream of each. Argument 3: how long streams are kept. Returns epoch and head of each. */
export const HEAD = script(`${OPEN}
local answers = {}
for at = 1, #KEYS, 2 do
	local topic = open(KEYS[at], KEYS[at + 1])
	refresh(KEYS[at], KEYS[at + 1], topic[7], tonumber(ARGV[3]))
	answers[#answers + 1] = topic[2]
	answers[#answers + 1] = topic[3]
end
return answers
`);

/**
 * Reads behind a position. Keys: meta and stream. Arguments: epoch and offset, after how many bytes it is enough for once.
 * Returns why it cannot; or `events`, the head, and of each entry its last offset and its events, one per line. The first
 * entry may begin before the position.
 */
export const READ = script(`
local topic = redis.pcall('HMGET', KEYS[1], 'i', 'e', 'h')
local id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if topic.err or not topic[3] or topic[1] ~= id or topic[2] ~= ARGV[1] then return { 'epoch' } end
local head, offset, enough = tonumber(topic[3]), tonumber(ARGV[2]), tonumber(ARGV[3])
if offset > head then return { 'epoch' } end
local answer, size = { 'events', topic[3] }, 0
local function idOf(offset) return string.format('%.0f-0', offset) end
while offset < head and size < enough do
	local found = redis.pcall('XRANGE', KEYS[2], idOf(offset + 1), idOf(head), 'COUNT', 16)
	if found.err or #found == 0 then return { 'evicted' } end
	for _, entry in ipairs(found) do
		local last, bodies = string.match(entry[1], '^(%d+)-0$'), entry[2][2]
		if not last or entry[2][1] ~= 'b' then return { 'evicted' } end
		answer[#answer + 1] = last
		answer[#answer + 1] = bodies
		offset, size = tonumber(last), size + #bodies
	end
end
return answer
`);

/** Publishes. Arguments: the command that does, then channels and messages. A key only says in which slot. */
export const BROADCAST = script(`
for at = 2, #ARGV, 2 do redis.call(ARGV[1], ARGV[at], ARGV[at + 1]) end
return 0
`);

export const TOPIC_SCRIPTS = [APPEND, HEAD, READ, BROADCAST];
