/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.composite;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.AbstractCompositeLoss;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;

import io.djlosses.api.Checks;
import io.djlosses.api.Fraction;
import io.djlosses.api.MergeableLoss;
import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * The weighted sum Σ wᵢ · lossᵢ, for the value, its gradient and the accumulators.
 *
 * <p>Every component accumulates under its own key, so one loss object may be several components,
 * or a component of several sums.
 */
abstract class WeightedComponents extends AbstractCompositeLoss implements MergeableLoss {

    private final double[] weights;

    WeightedComponents(String name, List<Loss> losses, double[] weights) {
        super(name);
        components = List.copyOf(losses);
        this.weights = weights;
    }

    /** Checks the lists before the components receive their parts. */
    abstract void check(NDList labels, NDList predictions);

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        return sum(labels, predictions, Loss::evaluate);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray value(NDList labels, NDList predictions) {
        return sum(
                labels,
                predictions,
                (loss, y, x) ->
                        loss instanceof MergeableLoss ours
                                ? ours.value(y, x)
                                : loss.evaluate(y, x).stopGradient());
    }

    /** {@inheritDoc} */
    @Override
    public Fraction fraction(NDList labels, NDList predictions) {
        for (Loss loss : components) {
            if (!(loss instanceof MergeableLoss)) {
                throw new IllegalStateException(
                        getName()
                                + ": the component "
                                + loss.getName()
                                + " keeps no numerator and denominator to merge; use the loss of"
                                + " this library");
            }
        }
        checkLists(labels, predictions);
        List<Fraction> fractions = new ArrayList<>();
        boolean complete = false;
        try {
            for (int i = 0; i < weights.length; i++) {
                Pair<NDList, NDList> inputs = inputForComponent(i, labels, predictions);
                MergeableLoss loss = (MergeableLoss) components.get(i);
                fractions.add(loss.fraction(inputs.getKey(), inputs.getValue()));
            }
            complete = true;
        } finally {
            if (!complete) {
                fractions.forEach(Fraction::close);
            }
        }
        return Fraction.sum(weights, fractions);
    }

    private void checkLists(NDList labels, NDList predictions) {
        Checks.arrays(getName(), "labels", labels);
        Checks.arrays(getName(), "predictions", predictions);
        check(labels, predictions);
    }

    /** Computes one component. */
    private interface Part {
        NDArray of(Loss loss, NDList labels, NDList predictions);
    }

    private NDArray sum(NDList labels, NDList predictions, Part part) {
        checkLists(labels, predictions);
        return Nd.scoped(
                () -> {
                    NDArray sum = term(0, labels, predictions, part);
                    for (int i = 1; i < weights.length; i++) {
                        NDArray more = term(i, labels, predictions, part);
                        requireOneShape(sum.getShape(), i, more.getShape());
                        sum = sum.add(more);
                    }
                    return sum;
                });
    }

    /** An engine would broadcast: a penalty would count once for each value. */
    private void requireOneShape(Shape shape, int i, Shape other) {
        if (!shape.equals(other)) {
            String first = components.get(0).getName();
            String second = components.get(i).getName();
            String many =
                    other.isScalar() ? first : shape.isScalar() ? second : first + " and " + second;
            throw new IllegalArgumentException(
                    getName()
                            + ": all losses of a sum must give values of one shape, but "
                            + first
                            + " gave "
                            + shape
                            + " and "
                            + second
                            + " gave "
                            + other
                            + "; build "
                            + many
                            + " with a reduction to one number, such as MEAN, rather than NONE");
        }
    }

    private NDArray term(int i, NDList labels, NDList predictions, Part part) {
        Pair<NDList, NDList> inputs = inputForComponent(i, labels, predictions);
        NDArray value = part.of(components.get(i), inputs.getKey(), inputs.getValue());
        return weights[i] == 1 ? value : Nd.mul(value, weights[i]);
    }

    /** {@inheritDoc} */
    @Override
    public void addAccumulator(String key) {
        for (int i = 0; i < weights.length; i++) {
            components.get(i).addAccumulator(key(key, i));
        }
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        accumulation(keys, labels, predictions).run();
    }

    /** {@inheritDoc} */
    @Override
    public Runnable accumulation(String[] keys, NDList labels, NDList predictions) {
        checkLists(labels, predictions);
        List<Runnable> additions = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            Pair<NDList, NDList> inputs = inputForComponent(i, labels, predictions);
            NDList y = inputs.getKey();
            NDList x = inputs.getValue();
            String[] own = new String[keys.length];
            for (int k = 0; k < own.length; k++) {
                own[k] = key(keys[k], i);
            }
            Loss loss = components.get(i);
            if (loss instanceof MergeableLoss ours) {
                additions.add(ours.accumulation(own, y, x));
            } else {
                // Other losses compute and add at once, so whether they can is tried first.
                closing(() -> loss.evaluate(y, x));
                additions.add(() -> closing(() -> loss.updateAccumulators(own, y, x)));
            }
        }
        return () -> additions.forEach(Runnable::run);
    }

    /** Closes the arrays that a loss leaves behind. */
    private static void closing(Runnable use) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            use.run();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void updateAccumulator(String key, NDList labels, NDList predictions) {
        updateAccumulators(new String[] {key}, labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    public void resetAccumulator(String key) {
        for (int i = 0; i < weights.length; i++) {
            components.get(i).resetAccumulator(key(key, i));
        }
    }

    /** {@inheritDoc} */
    @Override
    public float getAccumulator(String key) {
        return (float) getAccumulatorAsDouble(key);
    }

    /** {@inheritDoc} */
    @Override
    public double getAccumulatorAsDouble(String key) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i] * getComponentAccumulatorAsDouble(key, i);
        }
        return sum;
    }

    /**
     * Returns what one component has accumulated, without its weight.
     *
     * @param key the accumulator
     * @param component the index of the component
     * @return its value
     */
    public float getComponentAccumulator(String key, int component) {
        return (float) getComponentAccumulatorAsDouble(key, component);
    }

    private double getComponentAccumulatorAsDouble(String key, int component) {
        Loss loss = components.get(component);
        String own = key(key, component);
        return loss instanceof MergeableLoss ours
                ? ours.getAccumulatorAsDouble(own)
                : loss.getAccumulator(own);
    }

    /** Lists the components with their weights. */
    @Override
    public String toString() {
        StringJoiner list = new StringJoiner(", ", getClass().getSimpleName() + "(", ")");
        for (int i = 0; i < weights.length; i++) {
            list.add((weights[i] == 1 ? "" : weights[i] + " * ") + components.get(i));
        }
        return list.toString();
    }

    private String key(String key, int component) {
        return key + "/" + getName() + "/" + component;
    }
}
