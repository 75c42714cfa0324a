/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.symbolic;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;

import io.djlosses.internal.core.Traced;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Runs a computation once on arrays that record every operation, to build its graph.
 *
 * <p>The arrays hold real data, so shapes and types are those of an ordinary run. Whatever would
 * make the graph depend on more than shapes and types ends the recording: reading data into Java
 * (except with {@link Traced#prepare}), random numbers, arrays from outside the computation, and
 * operations that are not listed here.
 */
final class Recording {

    /**
     * The operators of methods whose argument is an array; for a number the operator has a suffix.
     */
    private static final Map<String, String> BINARY =
            table(
                    """
                    add _npi_add, sub _npi_subtract, mul _npi_multiply, div _npi_true_divide,
                    pow _npi_power, maximum _npi_maximum, minimum _npi_minimum, eq _npi_equal,
                    neq _npi_not_equal, gt _npi_greater, gte _npi_greater_equal, lt _npi_less,
                    lte _npi_less_equal, dot _np_dot, matMul _npi_matmul\
                    """);

    /** The operators of methods without an argument. */
    private static final Map<String, String> UNARY =
            table(
                    """
                    neg _npi_negative, abs _npi_absolute, sign _npi_sign, square _npi_square,
                    sqrt _npi_sqrt, exp _npi_exp, log _npi_log, floor _npi_floor, sum _np_sum,
                    max _np_max, logicalNot _npi_logical_not, transpose _np_transpose\
                    """);

    /** The operators of methods whose argument is an axis. */
    private static final Map<String, String> ALONG_AXIS =
            table("softmax _npx_softmax, logSoftmax _npx_log_softmax, argMax _npi_argmax");

    /** The operators of methods that reduce axes. */
    private static final Map<String, String> OVER_AXES =
            table("sum _np_sum, max _np_max, min _np_min");

    /** The kinds of the activation operator. */
    private static final Map<String, String> ACTIVATIONS =
            table("sigmoid sigmoid, softPlus softrelu, tanh tanh");

    /** Reads a table of methods and operators. */
    private static Map<String, String> table(String rows) {
        return Arrays.stream(rows.split(",\\s+"))
                .map(row -> row.split(" ", 2))
                .collect(Collectors.toUnmodifiableMap(row -> row[0], row -> row[1]));
    }

    private static final String RESHAPE = "_np_reshape";
    private static final String DETACH = "BlockGrad";

    /** The methods of an array that do not read its data. */
    private static final Set<String> ATTRIBUTES =
            Set.of("getShape", "getDataType", "getDevice", "hasGradient", "getName");

    /** The methods that have no effect on an array, because it lives as long as the recording. */
    private static final Set<String> IGNORED = Set.of("close", "attach", "detach", "setName");

    private static final Set<String> CREATING =
            Set.of("create", "zeros", "ones", "full", "arange", "eye");

    /**
     * A value in a graph.
     *
     * @param operator the operator that computes it; empty for an input or a constant
     * @param parameters the parameters: names and values alternate
     * @param arguments the nodes from which it is computed
     * @param input the number of the input, or −1
     * @param constant the constant, or null
     */
    record Node(
            String operator,
            List<String> parameters,
            List<Node> arguments,
            int input,
            @Nullable NDArray constant) {

        boolean isConstant() {
            return constant != null;
        }

        boolean isLeaf() {
            return operator.isEmpty();
        }

        // By identity: two nodes that are computed alike are different nodes.
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /**
     * Arrays that Java computes from the data of an input, again for every run of the graph.
     *
     * @param input the number of the input
     * @param maker computes them
     * @param shapes their shapes, on which the graph depends
     */
    record Preparation(int input, Function<NDArray, NDList> maker, List<Shape> shapes) {}

    /** Thrown if a computation cannot be recorded. */
    private static final class Unrecordable extends RuntimeException {

        private static final long serialVersionUID = 1;

        Unrecordable(String what) {
            super(what);
        }
    }

    private final NDManager real;
    private final NDManager manager;
    private final NDList inputs;
    private final List<Preparation> preparations = new ArrayList<>();
    private final List<NDArray> made = new ArrayList<>();

    private Recording(NDList inputs) {
        real = inputs.head().getManager();
        manager = proxy(NDManager.class, this::callManager);
        this.inputs = new NDList(inputs);
    }

    /**
     * A finished recording.
     *
     * @param heads the nodes of the results
     * @param values the results
     * @param number the number that accompanies them
     * @param inputs the inputs, followed by the prepared arrays
     * @param preparations how the prepared arrays are computed
     * @param made all arrays that were created and are not inputs
     */
    record Result(
            List<Node> heads,
            NDList values,
            double number,
            NDList inputs,
            List<Preparation> preparations,
            List<NDArray> made) {}

    /**
     * Records a computation.
     *
     * @param inputs its inputs
     * @param computation the computation
     * @return the recording
     */
    static Result of(NDList inputs, Function<NDList, Recorder.Results> computation) {
        Recording recording = new Recording(inputs);
        NDList recorded = new NDList(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            recorded.add(recording.input(inputs.get(i).stopGradient(), i));
        }
        boolean complete = false;
        try {
            List<Node> heads = new ArrayList<>();
            NDList values = new NDList();
            Recorder.Results results = computation.apply(recorded);
            for (NDArray array : results.heads()) {
                Recorded result = recorded(array);
                if (result.node.isLeaf()) {
                    throw new Unrecordable("a result that is not computed");
                }
                heads.add(result.node);
                values.add(result.array);
            }
            complete = true;
            return new Result(
                    heads,
                    values,
                    results.number(),
                    recording.inputs,
                    recording.preparations,
                    recording.made);
        } finally {
            if (!complete) {
                recording.made.forEach(NDArray::close);
            }
        }
    }

    /** Computes arrays from the data of an input, or of a reshaped input. */
    private NDList prepare(Recorded recorded, Function<NDArray, NDList> maker) {
        Node node = recorded.node;
        while (node.operator.equals(RESHAPE) || node.operator.equals(DETACH)) {
            node = node.arguments.get(0);
        }
        if (node.input < 0) {
            throw new Unrecordable("data of what is not an input");
        }
        return prepare(node.input, maker);
    }

    private NDList prepare(int input, Function<NDArray, NDList> maker) {
        NDList prepared = maker.apply(inputs.get(input));
        NDList recorded = new NDList(prepared.size());
        for (NDArray array : prepared) {
            inputs.add(array);
            recorded.add(input(array, inputs.size() - 1));
        }
        preparations.add(new Preparation(input, maker, List.of(prepared.getShapes())));
        return recorded;
    }

    // --------------------------------------------------------------------- arrays that record

    /** An array and the node that computes it. */
    private static final class Recorded implements InvocationHandler {

        private final Recording recording;
        private NDArray array;
        private Node node;

        /** Whether another array shares the memory. */
        private boolean shared;

        Recorded(Recording recording, NDArray array, Node node) {
            this.recording = recording;
            this.array = array;
            this.node = node;
        }

        @Override
        public @Nullable Object invoke(
                Object proxy, Method method, @Nullable Object @Nullable [] given) throws Throwable {
            return recording.call(this, proxy, method, given == null ? new Object[0] : given);
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler, Class<?>... also) {
        List<Class<?>> types = new ArrayList<>(List.of(also));
        types.add(type);
        return type.cast(
                Proxy.newProxyInstance(
                        Recording.class.getClassLoader(), types.toArray(Class<?>[]::new), handler));
    }

    private NDArray array(NDArray array, Node node) {
        return proxy(NDArray.class, new Recorded(this, array, node), Traced.Array.class);
    }

    private NDArray input(NDArray array, int number) {
        return array(array, new Node("", List.of(), List.of(), number, null));
    }

    private NDArray constant(NDArray array) {
        return array(keep(array), new Node("", List.of(), List.of(), -1, array));
    }

    /** Keeps an array until the recording ends, even if a scope ends earlier. */
    private NDArray keep(NDArray array) {
        NDScope.unregister(array);
        made.add(array);
        return array;
    }

    private static Recorded recorded(Object array) {
        if (array instanceof NDArray given
                && Traced.is(given)
                && Proxy.getInvocationHandler(given) instanceof Recorded found) {
            return found;
        }
        throw new Unrecordable("an array from elsewhere");
    }

    /** Runs an operator, and records it unless its result is a constant. */
    private NDArray run(String operator, List<Recorded> arguments, Object... parameters) {
        List<String> texts = Arrays.stream(parameters).map(String::valueOf).toList();
        PairList<String, String> pairs = new PairList<>();
        for (int i = 0; i < texts.size(); i += 2) {
            pairs.add(texts.get(i), texts.get(i + 1));
        }
        NDList arrays = new NDList(arguments.size());
        arguments.forEach(argument -> arrays.add(argument.array));
        NDList results = real.invoke(operator, arrays, pairs);
        if (results.size() != 1) {
            throw new Unrecordable(operator);
        }
        List<Node> nodes = arguments.stream().map(argument -> argument.node).toList();
        return nodes.stream().allMatch(Node::isConstant)
                ? constant(results.head())
                : array(keep(results.head()), new Node(operator, texts, nodes, -1, null));
    }

    private NDArray run(String operator, Recorded argument, Object... parameters) {
        return run(operator, List.of(argument), parameters);
    }

    /** Replaces an array by the result of an in-place operation. */
    private static void replace(Recorded self, NDArray by) {
        if (self.shared) {
            throw new Unrecordable("memory that two arrays share");
        }
        Recorded other = recorded(by);
        self.array = other.array;
        self.node = other.node;
    }

    private @Nullable Object call(Recorded self, Object proxy, Method method, Object... given)
            throws Throwable {
        String name = method.getName();
        if (ATTRIBUTES.contains(name) && given.length == 0) {
            return invoke(method, self.array);
        }
        if (IGNORED.contains(name)) {
            return null;
        }
        return switch (name) {
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == given[0];
            case "getManager" -> manager;
            case "prepared" -> prepare(self, maker(given[0]));
            case "getNDArrayInternal" ->
                    proxy(NDArrayEx.class, (ex, called, with) -> callInternal(self, called, with));
            default -> compute(self, (NDArray) proxy, method, given);
        };
    }

    @SuppressWarnings("unchecked") // the parameter of Traced.Array
    private static Function<NDArray, NDList> maker(Object given) {
        return (Function<NDArray, NDList>) given;
    }

    private @Nullable Object compute(Recorded self, NDArray proxy, Method method, Object... given)
            throws Throwable {
        String name = method.getName();
        NDArray result = operation(self, name, given);
        if (result != null) {
            return result;
        }
        NDArray by =
                name.endsWith("i")
                        ? operation(self, name.substring(0, name.length() - 1), given)
                        : null;
        if (by != null) {
            replace(self, by);
            return proxy;
        }
        if (method.isDefault()) {
            return InvocationHandler.invokeDefault(proxy, method, given);
        }
        throw new Unrecordable(name);
    }

    /** Returns the result of a method of an array, or null if the method is unknown. */
    private @Nullable NDArray operation(Recorded self, String name, Object... given) {
        if (given.length == 0 && UNARY.containsKey(name)) {
            return run(UNARY.get(name), self);
        }
        if (given.length == 1 && BINARY.containsKey(name)) {
            return given[0] instanceof Number number
                    ? run(BINARY.get(name) + "_scalar", self, "scalar", number)
                    : run(BINARY.get(name), List.of(self, recorded(given[0])));
        }
        if (given.length == 1 && given[0] instanceof Integer && ALONG_AXIS.containsKey(name)) {
            return run(ALONG_AXIS.get(name), self, "axis", given[0]);
        }
        if (given.length == 2 && given[0] instanceof int[] axes && OVER_AXES.containsKey(name)) {
            return run(OVER_AXES.get(name), self, "axis", tuple(axes), "keepdims", given[1]);
        }
        Shape shape = self.array.getShape();
        return switch (name) {
            case "stopGradient" -> {
                NDArray detached = run(DETACH, self);
                self.shared = true;
                recorded(detached).shared = true;
                yield detached;
            }
            case "reshape" -> given[0] instanceof Shape wanted ? reshape(self, wanted) : null;
            case "flatten" -> given.length == 0 ? reshape(self, new Shape(shape.size())) : null;
            case "expandDims" -> {
                int axis = Math.floorMod((Integer) given[0], shape.dimension() + 1);
                yield reshape(self, shape.slice(0, axis).add(1).addAll(shape.slice(axis)));
            }
            case "squeeze" -> given[0] instanceof int[] axes ? squeeze(self, axes) : null;
            case "broadcast" -> given[0] instanceof Shape wanted ? broadcast(self, wanted) : null;
            case "transpose" ->
                    given.length == 1 && given[0] instanceof int[] axes
                            ? run("_np_transpose", self, "axes", tuple(axes))
                            : null;
            case "toType" -> cast(self, (DataType) given[0]);
            case "oneHot" -> given.length == 4 ? oneHot(self, given) : null;
            case "get" -> given.length == 1 ? get(self, given[0]) : null;
            case "cumSum" -> given.length == 1 ? run("_np_cumsum", self, "axis", given[0]) : null;
            case "logicalAnd" -> logical("broadcast_logical_and", self, recorded(given[0]));
            case "logicalOr" -> logical("broadcast_logical_or", self, recorded(given[0]));
            default -> null;
        };
    }

    private NDArray get(Recorded self, Object index) {
        if (index instanceof NDArray array) {
            return run("take", List.of(self, recorded(array)), "axis", 0, "mode", "wrap");
        }
        NDIndexFullSlice slice =
                NDIndexFullSlice.fromIndex((NDIndex) index, self.array.getShape())
                        .orElseThrow(() -> new Unrecordable("an index that is not a slice"));
        String begin = tuple(slice.getMin());
        String end = tuple(slice.getMax());
        String step = tuple(slice.getStep());
        NDArray part = run("_npi_slice", self, "begin", begin, "end", end, "step", step);
        int[] squeezed = slice.getToSqueeze();
        return squeezed.length == 0 ? part : squeeze(recorded(part), squeezed);
    }

    private NDArray squeeze(Recorded self, int... axes) {
        return run("_np_squeeze", self, "axis", tuple(axes));
    }

    private NDArray broadcast(Recorded self, Shape shape) {
        return run("_npi_broadcast_to", self, "shape", shape);
    }

    private NDArray oneHot(Recorded self, Object... given) {
        String[] names = {"depth", "on_value", "off_value"};
        List<Object> parameters = new ArrayList<>(List.of("dtype", name((DataType) given[3])));
        for (int i = 0; i < names.length; i++) {
            parameters.addAll(List.of(names[i], given[i]));
        }
        return run("_npx_one_hot", self, parameters.toArray());
    }

    private NDArray reshape(Recorded self, Shape shape) {
        return run(RESHAPE, self, "newshape", shape);
    }

    private NDArray cast(Recorded self, DataType type) {
        return run("Cast", self, "dtype", name(type));
    }

    private NDArray logical(String operator, Recorded one, Recorded other) {
        NDArray number = run(operator, List.of(number(one), number(other)));
        return cast(recorded(number), DataType.BOOLEAN);
    }

    private Recorded number(Recorded mask) {
        return mask.array.getDataType().isBoolean() ? recorded(cast(mask, DataType.INT32)) : mask;
    }

    private static String name(DataType type) {
        return type.isBoolean() ? "bool" : type.name().toLowerCase(Locale.ROOT);
    }

    private static String tuple(int... axes) {
        return tuple(Arrays.stream(axes).asLongStream().toArray());
    }

    private static String tuple(long... numbers) {
        return Arrays.toString(numbers).replace('[', '(').replace(']', ')');
    }

    private NDArray linear(Recorded input, Recorded weight, @Nullable Object bias) {
        List<Recorded> all = new ArrayList<>(List.of(input, weight));
        if (bias != null) {
            all.add(recorded(bias));
        }
        long hidden = weight.array.getShape().get(0);
        Object[] parameters = {"num_hidden", hidden, "flatten", false, "no_bias", bias == null};
        return run("_npx_fully_connected", all, parameters);
    }

    private Object callInternal(Recorded self, Method method, Object... given) {
        String name = method.getName();
        if (ACTIVATIONS.containsKey(name)) {
            return run("_npx_activation", self, "act_type", ACTIVATIONS.get(name));
        }
        return switch (name) {
            case "where" ->
                    run("where", List.of(number(recorded(given[0])), self, recorded(given[1])));
            case "concat", "stack" -> {
                List<Recorded> all = new ArrayList<>(List.of(self));
                ((NDList) given[0]).forEach(array -> all.add(recorded(array)));
                String operator = "concat".equals(name) ? "_npi_concatenate" : "_npi_stack";
                yield run(operator, all, "axis", given[1], "num_args", all.size());
            }
            case "linear" -> new NDList(linear(recorded(given[0]), recorded(given[1]), given[2]));
            default -> throw new Unrecordable(name);
        };
    }

    private @Nullable Object callManager(Object proxy, Method method, Object @Nullable [] given)
            throws Throwable {
        String name = method.getName();
        Object[] arguments = given == null ? new Object[0] : given;
        if (CREATING.contains(name)) {
            return constant((NDArray) Objects.requireNonNull(invoke(method, real, arguments)));
        }
        if ("invoke".equals(name)) {
            return invokeOperator(arguments);
        }
        if ("getEngine".equals(name) || "getDevice".equals(name)) {
            return invoke(method, real);
        }
        throw new Unrecordable(name);
    }

    private @Nullable Object invokeOperator(Object... given) {
        PairList<?, ?> pairs = (PairList<?, ?>) given[given.length - 1];
        List<Object> parameters = new ArrayList<>();
        for (int i = 0; pairs != null && i < pairs.size(); i++) {
            parameters.add(pairs.keyAt(i));
            parameters.add(pairs.valueAt(i));
        }
        List<?> arrays = given[1] instanceof NDList list ? list : List.of((NDArray[]) given[1]);
        List<Recorded> arguments = new ArrayList<>();
        arrays.forEach(array -> arguments.add(recorded(array)));
        NDArray result = run((String) given[0], arguments, parameters.toArray());
        if (given.length == 3) {
            return new NDList(result);
        }
        replace(recorded(((NDArray[]) given[2])[0]), result);
        return null;
    }

    private static @Nullable Object invoke(Method method, Object self, Object... arguments)
            throws Throwable {
        try {
            return method.invoke(self, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
