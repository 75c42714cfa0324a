/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.fast;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.core.Trait;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A computation in the scripting language of an engine. It takes one call from Java instead of one
 * for each operation, has all operations of the engine rather than those of {@link NDArray}, and
 * can loop over blocks that fit into the cache.
 *
 * <p>The language is TorchScript. A script makes a loss faster and never changes its result: it is
 * one of the readings of a loss, for engines that {@linkplain #runsOn load and run scripts}, which
 * a trial finds out. Scripts are for arrays in the memory of the CPU; they have not been measured
 * on other devices.
 *
 * <p>A script is compiled when it is first used, which takes some milliseconds, and stays loaded.
 * So make a script a constant of its class, and pass the options of a loss as its numbers.
 */
public final class Script {

    private static final Script PLUS = of("x", "k", "return x + k");

    private static final Trait RUNS_SCRIPTS =
            new Trait(
                    probe -> {
                        NDArray one = NdBase.create(probe, new float[] {1}, new Shape(1));
                        try {
                            NDArray three = PLUS.run(new Mode(false, false, true), List.of(one), 2);
                            return three != null && NdBase.toDoubles(three)[0] == 3;
                        } catch (RuntimeException e) {
                            return false;
                        }
                    });

    private static final Map<String, NDManager> MANAGERS = new ConcurrentHashMap<>();
    private static final Map<Option, NDArray> OPTIONS = new ConcurrentHashMap<>();

    /** Constants, which live as long as the Java arrays from which they were created. */
    private static final Map<double[], Map<Place, NDArray>> CONSTANTS =
            Collections.synchronizedMap(new WeakHashMap<>());

    private static final Cleaner CLEANER = Cleaner.create();
    private static final ParameterStore NO_PARAMETERS = new ParameterStore();

    private final Map<Variant, Model> models = new ConcurrentHashMap<>();
    private final List<String> arrays;
    private final List<String> numbers;
    private final double @Nullable [] usual;
    private final String methods;
    private final String body;
    private final String bodyOfValue;
    private final long least;
    private final @Nullable Script small;

    private Script(
            List<String> arrays,
            List<String> numbers,
            String methods,
            String body,
            String bodyOfValue,
            long least,
            @Nullable Script small) {
        this.arrays = arrays;
        this.numbers = numbers;
        boolean isKnown = numbers.stream().allMatch(number -> number.contains("="));
        usual = isKnown ? numbers.stream().mapToDouble(Script::value).toArray() : null;
        this.methods = methods;
        this.body = body;
        this.bodyOfValue = bodyOfValue;
        this.least = least;
        this.small = small;
    }

    /**
     * Creates a script that the engine differentiates with respect to all of its arrays that have a
     * graph: class indices have none.
     *
     * @param arrays the names of its arrays, separated by spaces
     * @param numbers the names of its numbers, separated by spaces; {@code name=value} gives the
     *     usual value: if all numbers have their usual values, they need not be passed
     * @param body its statements; in them {@code mean} is whether to compute the mean rather than
     *     the sum, {@code reduction} is the same as an argument of the engine's own losses, {@code
     *     gradient} is whether the gradient is needed, and {@code block} is the number of elements
     *     of each array to process at once
     * @return the script
     */
    public static Script of(String arrays, String numbers, String body) {
        return new Script(names(arrays), names(numbers), "", body, body, 0, null);
    }

    /**
     * Creates a script that the engine differentiates, but not with respect to labels, which may
     * have been computed from arrays with a gradient.
     *
     * @param predictions the names of the arrays that receive a gradient, separated by spaces
     * @param labels the names of the arrays after them, which receive none
     * @param numbers the names of its numbers, as above
     * @param body its statements, as above
     * @return the script
     */
    public static Script of(String predictions, String labels, String numbers, String body) {
        List<String> arrays = names(predictions + " " + labels);
        String constants =
                names(labels).stream()
                        .map("%1$s = torch.detach(%1$s)\n"::formatted)
                        .collect(Collectors.joining());
        return new Script(arrays, names(numbers), "", constants + body, body, 0, null);
    }

    /**
     * Returns this script combined with another one for small arrays.
     *
     * @param size the number of elements of the first array from which this script is faster
     * @param small a script with the same arrays and numbers, or null if another reading is faster
     * @return the script
     */
    public Script from(long size, @Nullable Script small) {
        return new Script(arrays, numbers, methods, body, bodyOfValue, size, small);
    }

    /**
     * Creates a script that computes a value and its gradient in closed form, block by block along
     * the first axis.
     *
     * @param predictions the names of the arrays that receive a gradient, separated by spaces
     * @param labels the names of the labels, which are split into blocks like the predictions
     * @param numbers the names of its numbers, as above
     * @return a builder
     */
    public static ClosedFormBuilder closedForm(String predictions, String labels, String numbers) {
        return new ClosedFormBuilder(names(predictions), names(labels), names(numbers));
    }

    /**
     * Returns whether scripts run on the engine and device of an array.
     *
     * @param array the array
     * @return whether they run
     */
    public static boolean runsOn(NDArray array) {
        return !array.getDevice().isGpu() && RUNS_SCRIPTS.of(array.getManager());
    }

    /**
     * Runs the script.
     *
     * @param mode what to compute
     * @param arguments the arrays; the result belongs to the manager of the first
     * @param options the numbers
     * @return the result, or null if the arrays are so small that another reading is faster, or if
     *     their type cannot hold one of the numbers
     * @throws EngineException if the engine does not know the script, or rejects the data
     * @throws IllegalStateException if it does not know the script, and the script was to run
     *     always
     */
    public @Nullable NDArray run(Mode mode, List<NDArray> arguments, double... options) {
        if (!mode.always && arguments.get(0).size() < least) {
            return small == null ? null : small.run(mode, arguments, options);
        }
        NDArray first = arguments.get(0);
        String engine = first.getManager().getEngine().getEngineName();
        NDList inputs = new NDList(arguments.size() + options.length);
        for (NDArray array : arguments) {
            // The engine may take a named array for an element of a list or dictionary.
            inputs.add(array.getName() == null ? array : array.reshape(array.getShape()));
        }
        boolean isUsual = Arrays.equals(options, usual);
        for (double option : options) {
            if (!isInRange(option, first.getDataType())) {
                return null;
            }
            if (!isUsual) {
                inputs.add(array(engine, option));
            }
        }
        Variant variant = new Variant(engine, mode.mean, mode.gradient, isUsual);
        Model model = models.get(variant);
        if (model == null) {
            try {
                model = models.computeIfAbsent(variant, this::load);
            } catch (EngineException e) {
                if (mode.always) {
                    throw new IllegalStateException("a script does not compile", e);
                }
                throw e;
            }
        }
        // The result carries a gradient only in training.
        return model.getBlock().forward(NO_PARAMETERS, inputs, mode.gradient).head();
    }

    /** Returns whether a type can hold a number without rounding it to 0 or infinity. */
    private static boolean isInRange(double number, DataType type) {
        double size = Math.abs(number);
        return type == DataType.FLOAT64
                || size == 0
                || (size >= Float.MIN_VALUE && size <= Float.MAX_VALUE);
    }

    // --------------------------------------------------------------------- writing the source

    private String source(Variant variant) {
        StringBuilder source = new StringBuilder();
        source.append("class M(Module):\n");
        source.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        source.append(methods);
        List<String> parameters = new ArrayList<>(arrays);
        if (!variant.usual) {
            numbers.forEach(number -> parameters.add(name(number) + "_"));
        }
        source.append(header("forward", parameters, List.of()));
        source.append("    mean = ").append(variant.mean ? "True\n" : "False\n");
        source.append("    gradient = ").append(variant.gradient ? "True\n" : "False\n");
        source.append("    reduction = ").append(variant.mean ? "1\n" : "2\n");
        source.append("    block = ").append(Thresholds.BLOCK).append('\n');
        for (int i = 0; i < numbers.size(); i++) {
            String name = name(numbers.get(i));
            String value = usual != null && variant.usual ? "" + usual[i] : "float(" + name + "_)";
            source.append("    %s = %s\n".formatted(name, value));
        }
        source.append(indented(variant.gradient ? body : bodyOfValue));
        return source.toString();
    }

    private static String header(String method, List<String> arrays, List<String> numbers) {
        StringBuilder header = new StringBuilder("  def " + method + "(self");
        arrays.forEach(name -> header.append(", ").append(name).append(": Tensor"));
        numbers.forEach(number -> header.append(", ").append(name(number)).append(": float"));
        return header.append(") -> Tensor:\n").toString();
    }

    private static String indented(String statements) {
        return statements.indent(4);
    }

    private static List<String> names(String separated) {
        return separated.isEmpty() ? List.of() : List.of(separated.split(" "));
    }

    private static String name(String number) {
        return number.split("=", 2)[0];
    }

    private static double value(String number) {
        return Double.parseDouble(number.split("=", 2)[1]);
    }

    // --------------------------------------------------------------------- loading

    private Model load(Variant variant) {
        Model model = Model.newInstance("script", Device.cpu(), variant.engine);
        boolean loaded = false;
        try {
            model.load(new ByteArrayInputStream(archive(source(variant))));
            loaded = true;
            return model;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedModelException e) {
            throw new IllegalStateException(e);
        } finally {
            if (!loaded) {
                model.close();
            }
        }
    }

    /** Writes an archive: a pickled object without fields, the source of its class, a version. */
    private static byte[] archive(String source) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            String pickle = "\u0080\u0002c__torch__\nM\n)\u0081}(X\u0008\0\0\0training\u0088ub.";
            entry(zip, "m/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "m/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            entry(zip, "m/constants.pkl", "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "m/version", "3\n".getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    /**
     * Returns a number as an array, created once: creating it again would cost more than the call.
     */
    private static NDArray array(String engine, double number) {
        return OPTIONS.computeIfAbsent(
                new Option(engine, number),
                option -> {
                    NDManager manager = MANAGERS.computeIfAbsent(engine, Script::manager);
                    double[] values = {number};
                    return create(manager, values, new Shape(), DataType.FLOAT64);
                });
    }

    /**
     * Returns numbers as a vector that is created once, and lives as long as they do.
     *
     * @param values the numbers, which must never change
     * @param like an array with the engine and data type of the vector, in the memory of the CPU
     * @return the vector, which must not be closed
     */
    public static NDArray constant(double[] values, NDArray like) {
        return constant(values, new Shape(values.length), like);
    }

    /**
     * Returns numbers as an array that is created once, and lives as long as they do.
     *
     * @param values the numbers, which must never change
     * @param shape the shape, always the same for the same numbers
     * @param like an array with the engine and data type of the result, in the memory of the CPU
     * @return the array, which must not be closed
     */
    public static NDArray constant(double[] values, Shape shape, NDArray like) {
        String engine = like.getManager().getEngine().getEngineName();
        return CONSTANTS
                .computeIfAbsent(values, key -> new ConcurrentHashMap<>())
                .computeIfAbsent(
                        new Place(engine, like.getDataType()),
                        place -> {
                            NDManager manager = manager(engine);
                            CLEANER.register(values, manager::close);
                            return create(manager, values, shape, place.type);
                        });
    }

    private static NDManager manager(String engine) {
        return Engine.getEngine(engine).newBaseManager(Device.cpu());
    }

    private static NDArray create(NDManager manager, double[] values, Shape shape, DataType type) {
        NDArray array = NdBase.create(manager, values, shape, type);
        // It must outlive the scope in which it was first needed.
        NDScope.unregister(array);
        return array;
    }

    private record Place(String engine, DataType type) {}

    private record Option(String engine, double number) {}

    /**
     * What a script has to compute.
     *
     * @param mean whether to compute the mean rather than the sum
     * @param gradient whether the gradient is needed
     * @param always whether the script runs for arrays of every size
     */
    public record Mode(boolean mean, boolean gradient, boolean always) {}

    private record Variant(String engine, boolean mean, boolean gradient, boolean usual) {}

    /**
     * Builds the script of a closed form. Its statements work on one block of each array, without a
     * gradient, and may overwrite arrays that they have created.
     */
    public static final class ClosedFormBuilder {

        private final List<String> predictions;
        private final List<String> labels;
        private final List<String> numbers;
        private List<String> constants = List.of();
        private boolean flat = true;
        private long least = Thresholds.SCRIPT;
        private String divisor;
        private String shared = "";
        private String gradient = "";
        private String withoutGradient = "";
        private String scale = "1.";
        private String carrier = "";
        private String value = "";
        private @Nullable Script small;

        ClosedFormBuilder(List<String> predictions, List<String> labels, List<String> numbers) {
            this.predictions = predictions;
            this.labels = labels;
            this.numbers = numbers;
            divisor = "torch.numel(%s)".formatted(predictions.get(0));
        }

        /**
         * Sets arrays that every block receives as a whole.
         *
         * @param names their names, separated by spaces
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder constants(String names) {
            constants = names(names);
            return this;
        }

        /**
         * Keeps the axes of the arrays: a block consists of rows. Otherwise a block is a vector of
         * elements.
         *
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder rows() {
            flat = false;
            divisor = "torch.size(%s, 0)".formatted(predictions.get(0));
            return this;
        }

        /**
         * Sets the divisor of the mean (default: the number of elements, or of rows). If it is 0,
         * the mean is NaN and its gradient is that of the sum.
         *
         * @param expression an expression in the arrays and numbers
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder divisor(String expression) {
            divisor = expression;
            return this;
        }

        /**
         * Sets the statements that run before those of gradient and value.
         *
         * @param statements the statements
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder shared(String statements) {
            shared = statements;
            return this;
        }

        /**
         * Sets the statements that write the gradient of each prediction {@code x} into the array
         * {@code dx}. They run before the value is computed.
         *
         * @param statements the statements
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder gradient(String statements) {
            gradient = statements;
            return this;
        }

        /**
         * Sets the statements that replace those of the gradient if no gradient is needed.
         *
         * @param statements the statements
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder withoutGradient(String statements) {
            withoutGradient = statements;
            return this;
        }

        /**
         * Sets a factor on the gradient, applied without a pass over it (default 1).
         *
         * @param expression an expression in the numbers
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder scale(String expression) {
            scale = expression;
            return this;
        }

        /**
         * Sets the statements that carry the gradient if one number per row determines it, so that
         * the whole gradient need not be kept: {@code dx} then has one column (default: none; the
         * gradient is kept, and its product with {@code x} carries it).
         *
         * @param statements statements on the whole arrays, which the engine differentiates and
         *     which set {@code result}
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder carrier(String statements) {
            carrier = statements;
            return this;
        }

        /**
         * Sets the sum of the values of a block.
         *
         * @param expression an expression
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder value(String expression) {
            value = expression;
            return this;
        }

        /**
         * Sets a script with the same arrays and numbers for small arrays (default: none; another
         * reading is faster).
         *
         * @param script the script
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder small(Script script) {
            small = script;
            return this;
        }

        /**
         * Sets the statements for small arrays, which the engine differentiates, but not with
         * respect to labels and constants.
         *
         * @param statements the statements
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder small(String statements) {
            List<String> rest = Stream.of(labels, constants).flatMap(List::stream).toList();
            return small(
                    of(
                            String.join(" ", predictions),
                            String.join(" ", rest),
                            String.join(" ", numbers),
                            statements));
        }

        /**
         * Sets the size of the first array from which the closed form is worth its cost (default
         * 4096).
         *
         * @param size a number of elements
         * @return this {@code ClosedFormBuilder}
         */
        public ClosedFormBuilder least(long size) {
            least = size;
            return this;
        }

        /**
         * Builds the script.
         *
         * @return the script
         */
        public Script build() {
            return new Script(
                    arrays(), numbers, methods(), forward(true), forward(false), least, small);
        }

        private List<String> arrays() {
            return Stream.of(predictions, labels, constants).flatMap(List::stream).toList();
        }

        /** Writes the methods that compute one block, with and without its gradient. */
        private String methods() {
            List<String> of = new ArrayList<>(arrays());
            String ofValue = header("value", of, numbers) + method(withoutGradient);
            predictions.forEach(name -> of.add("d" + name));
            return ofValue + header("step", of, numbers) + method(gradient);
        }

        private String method(String statements) {
            return indented(shared + '\n' + statements + "\nreturn " + value);
        }

        private String forward(boolean withGradient) {
            String first = predictions.get(0) + "_";
            StringBuilder lines = new StringBuilder();
            List<String> whole = new ArrayList<>();
            List<String> block = new ArrayList<>();
            for (String name : arrays()) {
                boolean isConstant = constants.contains(name);
                whole.add(isConstant ? name : name + "_");
                block.add(isConstant ? name : name + "_[a:b]");
                if (!isConstant) {
                    lines.append(name).append("_ = torch.detach(").append(name).append(")\n");
                    if (flat) {
                        lines.append("%1$s_ = torch.flatten(%1$s_)\n".formatted(name));
                    }
                }
            }
            String method = withGradient ? "(self).step" : "(self).value";
            if (withGradient) {
                // Not with the strides of a view: some operations ignore the strides of their
                // output.
                String like = carrier.isEmpty() ? "%1$s_" : "%1$s_[:, :1]";
                for (String name : predictions) {
                    lines.append(
                            ("d%1$s = torch.empty_like(" + like + ", memory_format=0)\n")
                                    .formatted(name));
                    whole.add("d" + name);
                    block.add("d" + name + "[a:b]");
                }
            }
            numbers.forEach(number -> whole.add(name(number)));
            numbers.forEach(number -> block.add(name(number)));
            lines.append(
                    """
                    n = torch.size(FIRST, 0)
                    rows = block * n // torch.numel(FIRST)
                    if rows < 1:
                      rows = 1
                    if n <= rows:
                      total = METHOD(WHOLE)
                    else:
                      total = torch.zeros([], dtype=7)
                      for i in range((n + rows - 1) // rows):
                        a = i * rows
                        b = a + rows
                        total.add_(METHOD(PART))
                    divisor = 1.
                    if mean:
                      divisor = float(DIVISOR)
                    """
                            .replace("FIRST", first)
                            .replace("METHOD", method)
                            .replace("WHOLE", String.join(", ", whole))
                            .replace("PART", String.join(", ", block))
                            .replace("DIVISOR", divisor));
            if (!withGradient) {
                lines.append("return (total / divisor).type_as(").append(first).append(")");
                return lines.toString();
            }
            // As in Gradients.withGradient, an inner product carries the gradient and receives the
            // value. In-place sums each have their own backward pass, which frees what it has kept.
            String products =
                    predictions.stream()
                            .map(
                                    "(torch.dot(torch.flatten(%1$s), torch.flatten(d%1$s)))"
                                            ::formatted)
                            .collect(Collectors.joining("\nresult.add_", "result = ", ""));
            lines.append(
                    """
                    factor = SCALE
                    if divisor != 0.:
                      factor = factor / divisor
                    CARRIER
                    result.mul_(factor)
                    result.detach().copy_(total / divisor)
                    return result
                    """
                            .replace("SCALE", scale)
                            .replace("CARRIER", carrier.isEmpty() ? products : carrier.strip()));
            return lines.toString();
        }
    }
}
