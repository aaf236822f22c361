/* The extension under libFuzzer, without a line of Python in the loop: every cut of an input gives the same events,
   whatever the callbacks do, and no byte is read or written where none is.

   An input is read as tests/fuzzing.py tells, but that chunks are always bytes. Those that it asks for are fed to one
   parser and the whole to another; the two logs must be the same. The wire is escaped as well. AddressSanitizer and
   UndefinedBehaviorSanitizer watch. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

enum { HEADER = 16, SCRIPT = 6, SIZES = 5, METHODS = 5 };
enum { RESET = 1, FEED = 2, STOP = 4, RAISE = 8 };

typedef struct {
    Py_ssize_t limit;
    unsigned absent;
    unsigned at_data;
    const uint8_t *script;
    Py_ssize_t reset;
    const uint8_t *sizes;
    const char *wire;
    Py_ssize_t size;
} Case;

/* What one parser has reported: of each event its kind, its bytes and where in the input it ended. */
typedef struct {
    uint8_t *bytes;
    size_t length, capacity;
    Py_ssize_t data_end; /* of the run of data that is open, or 0: pieces of a run are one event */
} Log;

static PyObject *parser_type, *escape, *boom, *intruder;
static PyObject *consumed_, *feed_, *reset_, *stop_; /* names of the parser's members */
static PyObject *handlers[1 << METHODS];

/* The run at hand: callbacks are plain functions. */
static Log *log_;
static const Case *case_;
static PyObject *parser_;
static Py_ssize_t offset;
static unsigned turn;
static int left; /* whether feed() is to return now, after a stop or an exception */

static void require(int condition, const char *rule) {
    if (condition)
        return;
    fprintf(stderr, "%s\n", rule);
    if (PyErr_Occurred())
        PyErr_Print();
    abort();
}

static void put(const void *bytes, size_t length) {
    if (log_->length + length > log_->capacity) {
        log_->capacity = 2 * (log_->length + length) + 64;
        log_->bytes = realloc(log_->bytes, log_->capacity);
        require(log_->bytes != NULL, "out of memory");
    }
    memcpy(log_->bytes + log_->length, bytes, length);
    log_->length += length;
}

static void put_object(PyObject *object) {
    Py_ssize_t length;
    const char *text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &length) : PyBytes_AsString(object);
    require(text != NULL, "a handler is given bytes, and a reason in ASCII");
    if (PyBytes_Check(object))
        length = PyBytes_GET_SIZE(object);
    put(&length, sizeof length);
    put(text, length);
}

static Py_ssize_t consumed(void) {
    PyObject *number = PyObject_GetAttr(parser_, consumed_);
    require(number != NULL, "consumed is always there");
    Py_ssize_t value = PyLong_AsSsize_t(number);
    Py_DECREF(number);
    return value;
}

static void close_data(void) {
    if (log_->data_end)
        put(&log_->data_end, sizeof log_->data_end);
    log_->data_end = 0;
}

static PyObject *act(unsigned action) {
    require(!left, "no callback is called behind one that stopped or raised");
    left = (action & (STOP | RAISE)) != 0;
    if (action & RESET)
        Py_XDECREF(PyObject_CallMethodNoArgs(parser_, reset_));
    if (action & FEED) {
        require(PyObject_CallMethodOneArg(parser_, feed_, intruder) == NULL, "feed() from a callback is refused");
        require(PyErr_ExceptionMatches(PyExc_RuntimeError), "feed() from a callback is a RuntimeError");
        PyErr_Clear();
    }
    if (action & STOP)
        Py_XDECREF(PyObject_CallMethodNoArgs(parser_, stop_));
    if (action & RAISE) {
        PyErr_SetNone(boom);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *on_data(PyObject *Py_UNUSED(self), PyObject *data) {
    require(PyBytes_CheckExact(data) && PyBytes_GET_SIZE(data) > 0, "data is bytes, and never empty");
    if (!log_->data_end)
        put("d", 1);
    put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data));
    log_->data_end = offset + consumed();
    return act(case_->at_data);
}

static PyObject *on_event(const char *kind, PyObject *const *args, Py_ssize_t count) {
    Py_ssize_t end = offset + consumed();
    close_data();
    put(kind, 1);
    for (Py_ssize_t i = 0; i < count; i++)
        put_object(args[i]);
    put(&end, sizeof end);
    return act(case_->script[turn++ % SCRIPT]);
}

static PyObject *on_command(PyObject *Py_UNUSED(self), PyObject *command) {
    return on_event("c", &command, 1);
}

static PyObject *on_option(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count) {
    return on_event("o", args, count);
}

static PyObject *on_subnegotiation(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count) {
    require(PyBytes_GET_SIZE(args[1]) <= case_->limit, "a payload is never longer than the limit");
    return on_event("s", args, count);
}

static PyObject *on_protocol_error(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count) {
    require(PyBytes_GET_SIZE(args[1]) <= 64, "an excerpt is never longer than 64 bytes");
    return on_event("e", args, count);
}

static PyMethodDef methods[METHODS] = {
    {"on_data", on_data, METH_O, NULL},
    {"on_command", on_command, METH_O, NULL},
    {"on_option", (PyCFunction)(void (*)(void))on_option, METH_FASTCALL, NULL},
    {"on_subnegotiation", (PyCFunction)(void (*)(void))on_subnegotiation, METH_FASTCALL, NULL},
    {"on_protocol_error", (PyCFunction)(void (*)(void))on_protocol_error, METH_FASTCALL, NULL},
};

/* Feed the chunk, and again what is left of it after a stop or an exception. */
static void feed(const char *chunk, Py_ssize_t size) {
    Py_ssize_t before = -1, done = -1;
    while (size || done < 0) {
        left = 0;
        PyObject *data = PyBytes_FromStringAndSize(chunk, size);
        PyObject *returned = PyObject_CallMethodOneArg(parser_, feed_, data);
        before = done;
        done = consumed();
        if (returned != NULL)
            require(PyLong_AsSsize_t(returned) == done, "feed() returns what is consumed");
        else
            require(PyErr_ExceptionMatches(boom), "nothing raises by itself");
        PyErr_Clear();
        Py_XDECREF(returned);
        Py_DECREF(data);
        require(0 <= done && done <= size, "consumed lies in the chunk");
        require(before || done, "two feeds in a row do not consume nothing");
        offset += done;
        chunk += done;
        size -= done;
    }
}

static void begin(Log *log, const Case *input) {
    PyObject *args[] = {handlers[input->absent], PyLong_FromSsize_t(input->limit)};
    static PyObject *names;
    if (names == NULL)
        names = Py_BuildValue("(s)", "max_subnegotiation");
    log_ = log;
    log_->length = 0;
    log_->data_end = 0;
    case_ = input;
    offset = turn = left = 0;
    parser_ = PyObject_Vectorcall(parser_type, args, 1, names);
    Py_DECREF(args[1]);
    require(parser_ != NULL, "a parser is made");
}

static void end(void) {
    close_data();
    Py_CLEAR(parser_);
}

static const uint8_t uncut[SIZES];

static void feed_part(const char *part, Py_ssize_t size, const uint8_t *sizes) {
    Py_ssize_t start = 0;
    if (memcmp(sizes, uncut, SIZES) == 0) {
        feed(part, size);
        return;
    }
    for (unsigned i = 0; start < size; i++) {
        Py_ssize_t chunk = Py_MIN(sizes[i % SIZES], size - start);
        feed(part + start, chunk);
        start += chunk;
    }
}

static void run(Log *log, const Case *input, const uint8_t *sizes) {
    begin(log, input);
    feed_part(input->wire, input->reset, sizes);
    if (input->reset)
        Py_XDECREF(PyObject_CallMethodNoArgs(parser_, reset_));
    feed_part(input->wire + input->reset, input->size - input->reset, sizes);
    end();
}

static int equal(const Log *one, const Log *other) {
    return one->length == other->length && (one->length == 0 || memcmp(one->bytes, other->bytes, one->length) == 0);
}

static void check_escape(const Case *input) {
    PyObject *data = PyBytes_FromStringAndSize(input->wire, input->size);
    PyObject *escaped = PyObject_CallOneArg(escape, data);
    require(escaped != NULL && PyBytes_CheckExact(escaped), "escape() returns bytes");
    const char *out = PyBytes_AS_STRING(escaped), *end = out + PyBytes_GET_SIZE(escaped);
    for (Py_ssize_t i = 0; i < input->size; i++) {
        char byte = input->wire[i];
        require(out < end && *out++ == byte, "escape() keeps every byte");
        if (byte == '\xff')
            require(out < end && *out++ == byte, "escape() doubles every IAC");
    }
    require(out == end, "escape() adds nothing else");
    Py_DECREF(escaped);
    Py_DECREF(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Log whole, chunked;
    uint8_t head[HEADER] = {0};
    size_t used = Py_MIN(size, HEADER);
    memcpy(head, data, used);
    Case input = {
        .limit = head[0] < 128 ? head[0] : (head[0] - 127) * 512,
        .absent = head[1] % (1 << METHODS),
        .at_data = head[3],
        .script = head + 4,
        .reset = Py_MIN(head[10], (Py_ssize_t)(size - used)),
        .sizes = head + 11,
        .wire = (const char *)data + used,
        .size = (Py_ssize_t)(size - used),
    };
    run(&whole, &input, uncut);
    run(&chunked, &input, input.sizes);
    require(equal(&whole, &chunked), "events do not depend on the cut, whatever the callbacks do");
    check_escape(&input);
    return 0;
}

static void make_handlers(PyObject *namespace) {
    for (unsigned absent = 0; absent < 1 << METHODS; absent++) {
        handlers[absent] = PyObject_CallNoArgs(namespace);
        for (unsigned i = 0; i < METHODS; i++)
            if (!(absent >> i & 1))
                PyObject_SetAttrString(handlers[absent], methods[i].ml_name, PyCFunction_New(&methods[i], NULL));
    }
}

int LLVMFuzzerInitialize(int *Py_UNUSED(count), char ***Py_UNUSED(arguments)) {
    Py_InitializeEx(0);
    PyObject *module = PyImport_ImportModule("telnet._parser");
    require(module != NULL, "the extension is importable: is its directory in PYTHONPATH?");
    parser_type = PyObject_GetAttrString(module, "Parser");
    escape = PyObject_GetAttrString(module, "escape");
    boom = PyErr_NewException("fuzz.Boom", NULL, NULL);
    intruder = PyBytes_FromString("\xff\xfa");
    consumed_ = PyUnicode_InternFromString("consumed");
    feed_ = PyUnicode_InternFromString("feed");
    reset_ = PyUnicode_InternFromString("reset");
    stop_ = PyUnicode_InternFromString("stop");
    PyObject *types = PyImport_ImportModule("types");
    make_handlers(PyObject_GetAttrString(types, "SimpleNamespace"));
    return 0;
}
