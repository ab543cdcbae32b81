// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ncurses without its signal handlers: stop, continue, quit and a new size come by the loop. Only a
 * crash is a matter for a handler, which does no more than write() and tcsetattr().
 */
#include "host/terminal.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/log.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <wchar.h>

#include <curses.h>

#define ESCAPE_WAIT_MS 25 /* what comes later than that is no part of a key */

struct terminal {
	struct loop *loop;
	struct terminal_events events;
	SCREEN *screen;
	bool is_ours;
};

/* What a crash needs: a handler has no context. */
static struct {
	struct termios modes;
	char text[256]; /* what leaves the screen and shows the cursor */
	size_t len;
} before;

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

static bool is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void terminal_settle(struct cli_common *c, bool wants_report)
{
	c->has_screen = true;
	if (!is_there())
		cli_usage_error("--live needs a terminal as standard input and output");
	if (wants_report && !c->output)
		cli_usage_error("--live writes a report only with -o");
	if (!c->interval_ns)
		c->interval_ns = TERMINAL_INTERVAL_NS;
}

/* --- giving it back --------------------------------------------------------------------------- */

/*
 * Never called: it comes by the loop. But while ncurses draws it ignores SIGTSTP, with which one
 * that waits in the loop's descriptor would be lost; unless somebody else has a handler.
 */
static void on_tstp(int signo)
{
	(void)signo;
}

/* The action is the usual one by now (SA_RESETHAND): the signal ends us when this returns. */
static void on_crash(int signo)
{
	ssize_t ignored = write(STDOUT_FILENO, before.text, before.len);

	(void)ignored;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before.modes);
	(void)raise(signo);
}

static void handle_crashes(void (*handler)(int))
{
	struct sigaction action = { .sa_flags = handler == SIG_DFL ? 0 : (int)SA_RESETHAND };

	action.sa_handler = handler;
	for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		(void)sigaction(crashes[i], &action, NULL);
}

/* What the terminal understands; NULL: it has no such thing. */
static const char *capability(const char *name)
{
	const char *text = tigetstr((NCURSES_CONST char *)name);

	return text == (const char *)-1 ? NULL : text;
}

static void add_capability(const char *name)
{
	const char *text = capability(name);
	size_t len = text ? strlen(text) : 0;

	if (!len || before.len + len > sizeof(before.text))
		return;
	memcpy(before.text + before.len, text, len);
	before.len += len;
}

static void prepare_for_crashes(void)
{
	before.len = 0;
	add_capability("sgr0");
	add_capability("rmkx");
	add_capability("cnorm");
	add_capability("rmcup");
	handle_crashes(on_crash);
}

static int give_back(void *ctx)
{
	struct terminal *t = ctx;

	if (!t->is_ours)
		return 0;
	t->is_ours = false;
	(void)endwin();
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before.modes);
	handle_crashes(SIG_DFL);
	(void)signal(SIGTSTP, SIG_DFL);
	log_release();
	return 0;
}

/* --- what comes from it ----------------------------------------------------------------------- */

static int key_of(wint_t code, bool is_special)
{
	if (!is_special)
		return code == '\r'   ? SCREEN_KEY_ENTER
		       : code == '\b' ? SCREEN_KEY_BACKSPACE
				      : (int)code;
	switch (code) {
	case KEY_ENTER:
		return SCREEN_KEY_ENTER;
	case KEY_BACKSPACE:
		return SCREEN_KEY_BACKSPACE;
	case KEY_UP:
		return SCREEN_KEY_UP;
	case KEY_DOWN:
		return SCREEN_KEY_DOWN;
	case KEY_PPAGE:
		return SCREEN_KEY_PAGE_UP;
	case KEY_NPAGE:
		return SCREEN_KEY_PAGE_DOWN;
	case KEY_HOME:
		return SCREEN_KEY_HOME;
	case KEY_END:
		return SCREEN_KEY_END;
	default:
		return 0;
	}
}

/* A terminal that is gone is readable for ever. */
static bool is_gone(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static int on_input(void *ctx)
{
	struct terminal *t = ctx;
	wint_t code;
	int kind, status = 0;

	while (!status && (kind = get_wch(&code)) != ERR) {
		int key = key_of(code, kind == KEY_CODE_YES);

		if (key)
			status = t->events.on_key(t->events.ctx, key);
	}
	return status ? status : is_gone();
}

static int on_resize(void *ctx)
{
	struct terminal *t = ctx;
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		(void)resizeterm(size.ws_row, size.ws_col);
	return t->events.on_redraw(t->events.ctx);
}

static int on_quit(void *ctx)
{
	(void)ctx;
	return 1;
}

static int on_stop(void *ctx)
{
	(void)ctx;
	(void)endwin();
	(void)raise(SIGSTOP);
	return 0;
}

/* Also when somebody else has stopped us, and the shell has used the terminal since. */
static int on_continue(void *ctx)
{
	(void)reset_prog_mode();
	(void)clearok(curscr, TRUE);
	return on_resize(ctx);
}

static int watch(struct terminal *t)
{
	int err = loop_add_fd(t->loop, STDIN_FILENO, on_input, t);

	if (!err)
		err = loop_on_signal(t->loop, SIGWINCH, on_resize, t);
	if (!err)
		err = loop_on_signal(t->loop, SIGQUIT, on_quit, t);
	if (!err)
		err = loop_on_signal(t->loop, SIGTSTP, on_stop, t);
	if (!err)
		err = loop_on_signal(t->loop, SIGCONT, on_continue, t);
	return err;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct terminal *t)
{
	if (tcgetattr(STDIN_FILENO, &before.modes))
		return -errno;
	(void)setlocale(LC_CTYPE, ""); /* what characters the terminal knows, and their widths */
	(void)signal(SIGTSTP, on_tstp);
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen) {
		(void)signal(SIGTSTP, SIG_DFL);
		return -EOPNOTSUPP;
	}
	t->is_ours = true;
	log_hold();
	prepare_for_crashes();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_WAIT_MS);
	(void)curs_set(0);
	if (!capability("cup")) /* moves the cursor */
		return -EOPNOTSUPP;
	loop_at_end(t->loop, give_back, t);
	return watch(t);
}

/* @err said. */
static int refuse(int err)
{
	if (err != -EOPNOTSUPP)
		return log_errno(err, "--live: cannot use the terminal");
	log_error("--live: this terminal cannot be drawn on");
	log_hint("TERM=%s; without --live the report is text", getenv("TERM") ?: "");
	return err;
}

int terminal_open(struct loop *loop, const struct terminal_events *events, struct terminal **ret)
{
	struct terminal *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return refuse(-ENOMEM);
	t->loop = loop;
	t->events = *events;
	err = is_there() ? start(t) : -ENOTTY;
	if (err) {
		terminal_free(t);
		return refuse(err);
	}
	*ret = t;
	return 0;
}

void terminal_free(struct terminal *t)
{
	if (!t)
		return;
	(void)give_back(t);
	loop_at_end(t->loop, NULL, NULL);
	(void)loop_remove_fd(t->loop, STDIN_FILENO);
	if (t->screen)
		delscreen(t->screen);
	free(t);
}

void terminal_freep(struct terminal **t)
{
	terminal_free(*t);
}

/* --- what goes to it -------------------------------------------------------------------------- */

void terminal_size(const struct terminal *t, size_t *ret_rows, size_t *ret_columns)
{
	int rows, columns;

	(void)t;
	getmaxyx(stdscr, rows, columns);
	*ret_rows = rows > 0 ? (size_t)rows : 1;
	*ret_columns = columns > 0 ? (size_t)columns : 1;
}

static attr_t attributes_of(enum screen_style style)
{
	static const attr_t attributes[] = {
		[SCREEN_TITLE] = A_BOLD,
		[SCREEN_HEAD] = A_BOLD | A_UNDERLINE,
		[SCREEN_SELECTED] = A_REVERSE,
		[SCREEN_FAINT] = A_DIM,
		[SCREEN_ALARM] = A_BOLD | A_REVERSE,
	};

	return attributes[style];
}

static void show_line(int row, const struct screen_line *line)
{
	wchar_t wide[SCREEN_MAX_COLUMNS + 1];
	size_t at = 0, len = 0;
	uint32_t code = 0;

	while (at < line->len && len < SCREEN_MAX_COLUMNS) {
		size_t used = text_decode(line->text + at, line->len - at, &code);

		if (!used)
			break;
		wide[len++] = (wchar_t)code;
		at += used;
	}
	(void)attrset(attributes_of(line->style));
	(void)mvaddnwstr(row, 0, wide, (int)len);
}

void terminal_show(struct terminal *t, const struct screen *s)
{
	if (!t->is_ours)
		return;
	(void)erase();
	for (size_t i = 0; i < s->len; i++)
		show_line((int)i, &s->lines[i]);
	(void)refresh();
}
