/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.internal.symbolic.Recorder;

import java.util.List;
import java.util.Map;

/**
 * The base class of every loss: it checks the arguments, computes the unreduced values, applies
 * mask and weights, and reduces.
 *
 * <p>A subclass implements {@link #check}, {@link #unreducedShape} and {@link #terms}, which is its
 * formula. If a measurement shows that it pays, it also adds faster {@link #readings}. Losses of
 * one label and one prediction of equal shape extend {@link ElementwiseLoss} and implement a single
 * method.
 *
 * <h2>What every loss does</h2>
 *
 * <ul>
 *   <li>Labels come first, as everywhere in DJL: {@code evaluate(labels, predictions)}.
 *   <li>Predictions are FLOAT32 or FLOAT64, and so is the result. FLOAT16 predictions are computed
 *       in FLOAT32, which is also the type of their result; their gradient is FLOAT16 (an engine
 *       that cannot hold such a gradient refuses {@code setRequiresGradient}). BFLOAT16 and
 *       integers are rejected. Labels of another type are converted.
 *   <li>NaN in, NaN out. Infinite values follow the formula.
 *   <li>The gradient flows into all predictions; into labels only with {@link
 *       LossBuilder#optLabelGradient}.
 *   <li>The result is the only native array that is left behind. It belongs to the manager of
 *       {@code predictions.get(0)}, or of the input if that prediction is a parameter. The loss
 *       itself holds no arrays, is immutable except for the sums behind its accumulators, and may
 *       be used from several threads. If the engine runs scripts, the script of a class and the
 *       numbers in its options stay loaded; class weights stay loaded as long as the loss lives. If
 *       the engine runs graphs, the graphs of the formula and their constants also stay loaded as
 *       long as the loss lives.
 *   <li>An accumulator reports Σ numerators / Σ denominators over all batches, in {@code double}:
 *       the mean over an epoch does not depend on how the epoch was split into batches. With {@link
 *       Reduction#SUM} it reports the total, with {@link Reduction#NONE} the mean, and with a
 *       custom reduction the plain average of its results. A batch with nothing to average adds
 *       nothing; if there is nothing in all of them, the accumulator is NaN, or 0 with {@link
 *       EmptyPolicy#ZERO}: a report is never an error. A trainer that has the loss twice, as its
 *       loss and as an evaluator, adds each batch twice, and it counts once.
 *   <li>Invalid input causes an {@link IllegalArgumentException} before any native call. That
 *       includes arrays that are missing, closed or sparse.
 * </ul>
 */
public abstract class AbstractLoss extends Loss implements MergeableLoss {

    private final LossOptions options;
    private final Accumulators accumulators;
    private final Evaluation evaluation;
    private final Recorder recorder;

    /**
     * Creates a loss with the common options of a builder.
     *
     * @param builder the builder
     */
    protected AbstractLoss(LossBuilder<?, ?> builder) {
        super(builder.name);
        options = builder.options();
        accumulators = new Accumulators(builder.name);
        evaluation = new Evaluation(this);
        recorder = new Recorder();
    }

    // ------------------------------------------------------------------ what a subclass implements

    /**
     * Checks counts, ranks, shapes and types without reading any data.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     * @throws IllegalArgumentException if a check fails; the message names the loss, the argument,
     *     the requirement and the value given
     */
    protected abstract void check(NDList labels, NDList predictions);

    /**
     * Checks the data, in strict validation only. The predictions have already been checked to be
     * finite.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     */
    protected void checkData(NDList labels, NDList predictions) {}

    /**
     * Returns the shape of the unreduced values: the shape of the result with {@link
     * Reduction#NONE}, and the shape that sample weights align with. The arguments have passed
     * {@link #check}.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     * @return the shape of the values
     */
    protected abstract Shape unreducedShape(NDList labels, NDList predictions);

    /**
     * Computes the unreduced values: the definition of the loss, differentiated by the engine. One
     * evaluation may call this twice: if {@link io.djlosses.nd.Nd} has made an assumption about the
     * predictions that turns out to be wrong.
     *
     * @param labels the labels, without sample weights, in the type in which they were given
     * @param predictions the predictions, FLOAT32 or FLOAT64
     * @param goal what to compute
     * @return the terms
     */
    protected abstract Terms terms(NDList labels, NDList predictions, Goal goal);

    /**
     * Lists the readings that are faster than the formula, the fastest first. The formula always
     * comes last. This method is called once.
     *
     * @return the readings (default: none)
     */
    protected List<Reading> readings() {
        return List.of();
    }

    /**
     * Replaces what a mask hides by numbers that every formula can take, so that nothing that
     * stands there reaches a check, a value or a gradient: NaN times a gradient of 0 would be NaN.
     * It runs once for each evaluation, before the data are checked.
     *
     * <p>This default implementation replaces it in every label and every prediction whose first
     * axes are those of the values, where an axis of size 1 or an axis that is missing stands for
     * all positions: such an element is hidden if all of these are. Labels become 1 and predictions
     * different numbers in (0, 1). Override it if the axes mean something else, or if other numbers
     * are safe.
     *
     * @param mask the BOOLEAN mask, false where a value is hidden, with the axes of the values, of
     *     the same size or 1; or with those of {@link #maskedShape}
     * @param labels the labels
     * @param predictions the predictions, FLOAT32 or FLOAT64
     * @return the labels and predictions to compute with
     */
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        Shape shape = unreducedShape(labels, predictions);
        NDList shownLabels = new NDList(labels.size());
        for (NDArray label : labels) {
            shownLabels.add(Masks.shown(mask, shape, label, 1));
        }
        NDList shown = new NDList(predictions.size());
        for (NDArray prediction : predictions) {
            double fill = 1.0 / (2 + shown.size());
            shown.add(Masks.shown(mask, shape, prediction, fill));
        }
        return new Inputs(shownLabels, shown);
    }

    /**
     * Returns the shape of what a mask may hide: that of the values, or for a loss whose values are
     * sums over the elements of a batch, which {@link #masked} can leave out, that of the elements.
     * A mask of the shape of the values, or its leading axes, always hides values.
     *
     * @param labels the labels, without sample weights
     * @param predictions the predictions
     * @return the shape (default: {@link #unreducedShape})
     */
    protected Shape maskedShape(NDList labels, NDList predictions) {
        return unreducedShape(labels, predictions);
    }

    /**
     * Returns the prediction whose first axis is the batch and whose manager owns the result: the
     * first one, unless a loss overrides this because parameters come before it.
     *
     * @param predictions the predictions
     * @return one of them
     */
    protected NDArray batch(NDList predictions) {
        return predictions.get(0);
    }

    /**
     * Returns the function that turns the merged mean Σ numerators / Σ denominators into the
     * result. A script has to apply it to its mean itself, but not to its sum.
     *
     * @return the transform (default: the mean itself)
     */
    protected Transform transform() {
        return Transform.IDENTITY;
    }

    /**
     * Requires something of an argument or an option.
     *
     * @param valid whether it meets the requirement
     * @param argument its name, such as {@code labels[0]}
     * @param requirement the requirement, phrased to follow "must"
     * @param given what was given instead
     * @throws IllegalArgumentException if it does not, with a message that names this loss
     */
    protected final void require(boolean valid, String argument, String requirement, Object given) {
        Checks.require(valid, getName(), argument, requirement, given);
    }

    /**
     * Returns the exception that {@link #require} throws, for messages that take time to put
     * together.
     *
     * @param argument the name of the argument
     * @param requirement the requirement, phrased to follow "must"
     * @param given what was given instead
     * @return the exception
     */
    protected final IllegalArgumentException failure(
            String argument, String requirement, Object given) {
        return Checks.failure(getName(), argument, requirement, given);
    }

    // ------------------------------------------------------------------ evaluation

    /**
     * Computes the loss, with the gradient of the predictions.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return a 0-d array, or the unreduced values with {@link Reduction#NONE}
     */
    @Override
    public final NDArray evaluate(NDList labels, NDList predictions) {
        return evaluation.result(labels, predictions, true);
    }

    /** {@inheritDoc} */
    @Override
    public final NDArray value(NDList labels, NDList predictions) {
        return evaluation.result(labels, predictions, false);
    }

    /** {@inheritDoc} */
    @Override
    public final Fraction fraction(NDList labels, NDList predictions) {
        if (getReduction().function() != null) {
            throw new IllegalStateException(
                    getName()
                            + ": the reduction "
                            + getReduction()
                            + " cannot be merged from parts");
        }
        return evaluation.fraction(labels, predictions);
    }

    /**
     * Explains which reading computes the loss of these arrays, and why the readings before it do
     * not, by computing it once without a gradient. The result is a line for a log, such as {@code
     * closed form, not graph (the engine runs no graphs), not script (the engine runs no scripts)}.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return the reading that {@link #evaluate} takes
     */
    public final String explain(NDList labels, NDList predictions) {
        return evaluation.explain(labels, predictions);
    }

    // ------------------------------------------------------------------ options

    /**
     * Returns the reduction.
     *
     * @return the reduction
     */
    public final Reduction getReduction() {
        return options.reduction();
    }

    /**
     * Returns how strictly the data are checked.
     *
     * @return the validation
     */
    public final Validation getValidation() {
        return options.validation();
    }

    /**
     * Returns what the last array of the labels means.
     *
     * @return the sample weighting
     */
    public final SampleWeighting getSampleWeighting() {
        return options.sampleWeighting();
    }

    /**
     * Returns the options that have been set; all others have their defaults. An example is {@code
     * {delta=2.0, reduction=SUM}}.
     *
     * @return the names and values of the options, in the order in which they were set; arrays are
     *     copies
     */
    public final Map<String, Object> getOptions() {
        return options.copies();
    }

    /**
     * Returns the class and the options that have been set, such as {@code HuberLoss(delta=2.0,
     * reduction=SUM)}.
     *
     * @return a line for a log
     */
    @Override
    public String toString() {
        return getClass().getSimpleName() + options.list();
    }

    final LossOptions options() {
        return options;
    }

    final Recorder recorder() {
        return recorder;
    }

    // ------------------------------------------------------------------ accumulators

    /**
     * Adds an accumulator, or resets one that is there. One that is added twice before the first
     * batch, as by a trainer that has the loss twice, has two owners: arrays that both of them add
     * count once.
     *
     * @param key the accumulator
     */
    @Override
    public void addAccumulator(String key) {
        accumulators.add(key);
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulator(String key, NDList labels, NDList predictions) {
        updateAccumulators(new String[] {key}, labels, predictions);
    }

    /**
     * Adds a batch to accumulators. This computes no gradient, and waits for the device once.
     *
     * @param keys the accumulators
     * @param labels the labels
     * @param predictions the predictions
     */
    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        accumulation(keys, labels, predictions).run();
    }

    /** {@inheritDoc} */
    @Override
    public final Runnable accumulation(String[] keys, NDList labels, NDList predictions) {
        accumulators.require(keys);
        Accumulators.Total total = evaluation.total(labels, predictions);
        return () -> accumulators.update(keys, total, labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    public void resetAccumulator(String key) {
        accumulators.reset(key);
    }

    /** {@inheritDoc} */
    @Override
    public float getAccumulator(String key) {
        return (float) getAccumulatorAsDouble(key);
    }

    /** {@inheritDoc} */
    @Override
    public double getAccumulatorAsDouble(String key) {
        Accumulators.Total total = accumulators.get(key);
        if (getReduction() == Reduction.SUM && total.updates() > 0) {
            return transform().of(total.numerator());
        }
        if (total.denominator() == 0) {
            boolean isZero = total.updates() > 0 && options.emptyPolicy() == EmptyPolicy.ZERO;
            return isZero ? 0 : Double.NaN;
        }
        return transform().of(total.numerator() / total.denominator());
    }
}
