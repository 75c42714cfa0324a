/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.check;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;

/**
 * Checks any {@link Loss}: its gradient against central finite differences, and its value and
 * gradient across all engines on the class path.
 *
 * <pre>{@code
 * LossCheck.of(new LogCoshLoss(Reduction.MEAN))
 *         .addLabel(new Shape(2, 2), 0.5, -1, 2, 0)
 *         .addPrediction(new Shape(2, 2), 0.1, -1.5, 2.25, 3)
 *         .run()
 *         .assertPasses();
 * }</pre>
 *
 * <p>Inputs are plain numbers, because arrays belong to an engine. The gradient of every prediction
 * is checked, and with {@link #optLabelGradient} also that of labels. An unreduced result is
 * checked through its sum with fixed random factors. Every number is moved by a small step in both
 * directions, so choose points where the loss is smooth: at a kink, such as x = y of an absolute
 * error, finite differences are meaningless. A loss that draws random numbers must draw the same
 * ones in every call.
 *
 * <p>The check is modeled on {@code torch.autograd.gradcheck} and DL4J's {@code GradientCheckUtil}.
 * Checks run one at a time, because a process can record only one gradient at a time.
 */
public final class LossCheck {

    /** Held while a gradient is recorded: some engines have one recorder per process. */
    private static final Object ONE_AT_A_TIME = new Object();

    private final Loss loss;
    private final List<Input> labels = new ArrayList<>();
    private final List<Input> predictions = new ArrayList<>();
    private final TreeSet<String> engines = new TreeSet<>(Engine.getAllEngines());
    private DataType dataType = DataType.FLOAT64;
    private double step = Double.NaN;
    private double tolerance = Double.NaN;
    private double agreement = Double.NaN;
    private boolean labelGradient;
    private long seed = 1;

    private LossCheck(Loss loss) {
        this.loss = loss;
    }

    /**
     * Starts a check.
     *
     * @param loss the loss to check
     * @return a check without inputs
     */
    public static LossCheck of(Loss loss) {
        return new LossCheck(Objects.requireNonNull(loss, "loss"));
    }

    /**
     * Adds a label with the data type of the predictions.
     *
     * @param shape its shape
     * @param values its values in row-major order
     * @return this check
     */
    public LossCheck addLabel(Shape shape, double... values) {
        labels.add(new Input("labels[" + labels.size() + "]", shape, values.clone(), false));
        return this;
    }

    /**
     * Adds an INT64 label: class indices or lengths.
     *
     * @param shape its shape
     * @param values its values in row-major order
     * @return this check
     */
    public LossCheck addIndices(Shape shape, long... values) {
        double[] numbers = Arrays.stream(values).asDoubleStream().toArray();
        labels.add(new Input("labels[" + labels.size() + "]", shape, numbers, true));
        return this;
    }

    /**
     * Adds a prediction.
     *
     * @param shape its shape
     * @param values its values in row-major order
     * @return this check
     */
    public LossCheck addPrediction(Shape shape, double... values) {
        String name = "predictions[" + predictions.size() + "]";
        predictions.add(new Input(name, shape, values.clone(), false));
        return this;
    }

    /**
     * Sets the engines to check (default: all on the class path that can train).
     *
     * @param names their names
     * @return this check
     */
    public LossCheck optEngines(String... names) {
        engines.clear();
        engines.addAll(Arrays.asList(names));
        return this;
    }

    /**
     * Sets the data type of the predictions (default FLOAT64, the only one in which finite
     * differences are precise).
     *
     * @param dataType FLOAT32 or FLOAT64
     * @return this check
     */
    public LossCheck optDataType(DataType dataType) {
        boolean valid = dataType == DataType.FLOAT32 || dataType == DataType.FLOAT64;
        Checks.require(valid, "LossCheck", "dataType", "be FLOAT32 or FLOAT64", dataType);
        this.dataType = dataType;
        return this;
    }

    /**
     * Sets the step by which a number x is moved, as a factor on max(1, |x|) (default 6e-6 in
     * FLOAT64, 5e-3 in FLOAT32: the cube root of the precision).
     *
     * @param step a number greater than 0
     * @return this check
     */
    public LossCheck optStep(double step) {
        this.step = Checks.positive("LossCheck", "step", step);
        return this;
    }

    /**
     * Sets how far a gradient may differ from finite differences, relative to the largest gradient
     * of the same input (default 1e-6 in FLOAT64, 1e-2 in FLOAT32).
     *
     * @param tolerance a number greater than 0
     * @return this check
     */
    public LossCheck optTolerance(double tolerance) {
        this.tolerance = Checks.positive("LossCheck", "tolerance", tolerance);
        return this;
    }

    /**
     * Sets how far engines may differ from each other, relative to the largest number of the same
     * array (default 1e-9 in FLOAT64, 1e-4 in FLOAT32).
     *
     * @param agreement a number greater than 0
     * @return this check
     */
    public LossCheck optAgreement(double agreement) {
        this.agreement = Checks.positive("LossCheck", "agreement", agreement);
        return this;
    }

    /**
     * Sets whether to check the gradient of real-valued labels too (default false).
     *
     * @param labelGradient whether labels receive a gradient
     * @return this check
     */
    public LossCheck optLabelGradient(boolean labelGradient) {
        this.labelGradient = labelGradient;
        return this;
    }

    /**
     * Sets the seed of the factors on an unreduced result (default 1).
     *
     * @param seed any number
     * @return this check
     */
    public LossCheck optSeed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * Runs the check. Exceptions of the loss are passed on.
     *
     * @return the comparisons and their results
     * @throws IllegalStateException if there is no prediction, or no engine that can train
     */
    public Report run() {
        if (predictions.isEmpty()) {
            throw new IllegalStateException("LossCheck: add at least one prediction");
        }
        List<Comparison> comparisons = new ArrayList<>();
        Map<String, String> skipped = new LinkedHashMap<>();
        Outcome reference = null;
        synchronized (ONE_AT_A_TIME) {
            for (String name : engines) {
                Engine engine;
                try {
                    engine = trainable(name);
                } catch (RuntimeException | LinkageError e) {
                    skipped.put(name, String.valueOf(e.getMessage()));
                    continue;
                }
                Outcome outcome = differentiate(engine);
                for (int i = 0; i < outcome.inputs.size(); i++) {
                    comparisons.add(againstDifferences(engine, outcome, i));
                }
                if (reference == null) {
                    reference = outcome;
                } else {
                    compareEngines(reference, outcome, comparisons);
                }
            }
        }
        if (reference == null) {
            throw new IllegalStateException(
                    "LossCheck: no engine of the class path can train; skipped " + skipped);
        }
        return new Report(loss.getName(), List.copyOf(comparisons), Map.copyOf(skipped));
    }

    private static Engine trainable(String name) {
        Engine engine = Engine.getEngine(name);
        if (engine == null) {
            throw new IllegalArgumentException("not found");
        }
        engine.newGradientCollector().close();
        return engine;
    }

    // ------------------------------------------------------------------ computing

    /** Computes value and gradients on new arrays, because some engines accumulate gradients. */
    private Outcome differentiate(Engine engine) {
        try (NDManager manager = engine.newBaseManager()) {
            NDList x = arrays(manager, predictions);
            NDList y = arrays(manager, labels);
            List<Input> inputs = new ArrayList<>(predictions);
            NDList learning = new NDList(x);
            for (int i = 0; labelGradient && i < labels.size(); i++) {
                if (!labels.get(i).indices) {
                    inputs.add(labels.get(i));
                    learning.add(y.get(i));
                }
            }
            learning.forEach(array -> array.setRequiresGradient(true));
            NDArray value;
            double[] head;
            try (GradientCollector collector = engine.newGradientCollector()) {
                value = loss.evaluate(y, x);
                Shape shape = value.getShape();
                head = head(shape);
                NDArray factors = Nd.create(manager, head, shape, value.getDataType());
                collector.backward(shape.isScalar() ? value : value.mul(factors).sum());
            }
            List<double[]> gradients =
                    learning.stream().map(array -> Nd.toDoubles(array.getGradient())).toList();
            double[] values = Nd.toDoubles(value);
            String name = engine.getEngineName();
            return new Outcome(name, inputs, value.getShape(), values, head, gradients);
        }
    }

    private Comparison againstDifferences(Engine engine, Outcome outcome, int number) {
        Input input = outcome.inputs.get(number);
        double[] values = input.values;
        double[] differences = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double center = values[i];
            double distance = step() * Math.max(1, Math.abs(center));
            try {
                values[i] = center + distance;
                double above = total(engine, outcome.head);
                values[i] = center - distance;
                double below = total(engine, outcome.head);
                differences[i] =
                        (above - below) / (rounded(center + distance) - rounded(center - distance));
            } finally {
                values[i] = center;
            }
        }
        double total = dot(outcome.head, outcome.value);
        // The rounding error of a difference grows with the value, not with the gradient.
        double floor = 1e-2 * Math.max(Math.abs(total), 0.1);
        return Comparison.worst(
                outcome.engine,
                "gradient of " + input.name + " against finite differences",
                input.shape,
                differences,
                outcome.gradients.get(number),
                floor,
                orDefault(tolerance, 1e-6, 1e-2));
    }

    /** Returns the value, or the sum of the unreduced values times the factors. */
    private double total(Engine engine, double[] head) {
        try (NDManager manager = engine.newBaseManager()) {
            NDArray value = loss.evaluate(arrays(manager, labels), arrays(manager, predictions));
            return dot(head, Nd.toDoubles(value));
        }
    }

    private void compareEngines(Outcome one, Outcome other, List<Comparison> comparisons) {
        double limit = orDefault(agreement, 1e-9, 1e-4);
        for (int i = -1; i < other.inputs.size(); i++) {
            boolean isValue = i < 0;
            String what = isValue ? "value" : "gradient of " + other.inputs.get(i).name;
            comparisons.add(
                    Comparison.worst(
                            other.engine,
                            what + " against " + one.engine,
                            isValue ? other.shape : other.inputs.get(i).shape,
                            isValue ? one.value : one.gradients.get(i),
                            isValue ? other.value : other.gradients.get(i),
                            1e-3,
                            limit));
        }
    }

    private NDList arrays(NDManager manager, List<Input> inputs) {
        NDList list = new NDList(inputs.size());
        for (Input input : inputs) {
            DataType type = input.indices ? DataType.FLOAT64 : dataType;
            NDArray array = Nd.create(manager, input.values, input.shape, type);
            list.add(input.indices ? array.toType(DataType.INT64, false) : array);
        }
        return list;
    }

    private double[] head(Shape shape) {
        double[] head = new double[Math.toIntExact(shape.size())];
        Random random = new Random(seed);
        for (int i = 0; i < head.length; i++) {
            double size = 0.5 + random.nextDouble();
            head[i] = shape.isScalar() ? 1 : random.nextBoolean() ? size : -size;
        }
        return head;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private double step() {
        return orDefault(step, 6e-6, 5e-3);
    }

    private double rounded(double value) {
        return dataType == DataType.FLOAT64 ? value : (float) value;
    }

    private double orDefault(double given, double float64, double float32) {
        double fallback = dataType == DataType.FLOAT64 ? float64 : float32;
        return given > 0 ? given : fallback;
    }

    /** An input of the loss, as plain numbers. */
    @SuppressWarnings("ArrayRecordComponent") // never compared or shown
    private record Input(String name, Shape shape, double[] values, boolean indices) {

        Input {
            String requirement = "have as many numbers as its shape " + shape;
            boolean valid = shape.size() == values.length;
            Checks.require(valid, "LossCheck", name, requirement, values.length);
        }
    }

    /** The result of one engine: the value, and the gradient of each input. */
    @SuppressWarnings("ArrayRecordComponent") // never compared or shown
    private record Outcome(
            String engine,
            List<Input> inputs,
            Shape shape,
            double[] value,
            double[] head,
            List<double[]> gradients) {}
}
