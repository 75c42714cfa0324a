/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regularization;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.RecordedFormula;
import io.djlosses.api.Reduction;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Gradients;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;

/** A penalty on the parameters of a block: the sum of a function of each chosen parameter. */
abstract class ParameterPenalty extends AbstractLoss {

    private final RecordedFormula recorded = new RecordedFormula(this::formula);
    private final Supplier<Block> block;
    private final BiPredicate<String, Parameter> parameters;
    private final boolean primaryDeviceOnly;

    ParameterPenalty(Builder<?, ?> builder) {
        super(builder);
        Supplier<Block> source = builder.block;
        if (source == null) {
            throw new IllegalArgumentException(
                    getName() + ": block must be set by setBlock or setModel, but was not set");
        }
        block = source;
        parameters = builder.parameters;
        primaryDeviceOnly = builder.primaryDeviceOnly;
    }

    /** Returns the penalty of one array, differentiated by the engine: a 0-d array. */
    abstract NDArray formula(NDArray parameter);

    /** Returns the penalty of one array, detached: a 0-d array. */
    abstract NDArray penalty(NDArray parameter);

    /** Returns the gradient of the penalty of one array, detached, with its shape. */
    abstract NDArray gradient(NDArray parameter);

    /** Returns the script call that computes the penalty of one array. */
    abstract Reading.Call call(NDArray parameter);

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {}

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        // What a mean over the batch divides by: on other devices there is no batch.
        return getReduction() == Reduction.BATCH_MEAN && count(predictions.get(0)) == 0
                ? new Shape(0)
                : new Shape();
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray prediction = predictions.get(0);
        NDArray sum = sum(prediction, w -> formula(goal.gradient() ? w : w.stopGradient()));
        Terms terms = Terms.of(Objects.requireNonNull(sum));
        double count = count(prediction);
        return count == 1
                ? terms
                : terms.withShares(terms.values().stopGradient().zerosLike(), Divisor.of(count));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                reading(Reading.Kind.GRAPH, this::recorded),
                reading(Reading.Kind.SCRIPT, this::scripted),
                reading(Reading.Kind.CLOSED_FORM, this::inClosedForm));
    }

    /** Computes the penalty of one parameter with its gradient, or declines. */
    private interface Penalty {
        @Nullable NDArray of(NDArray parameter, NDArray prediction, Goal goal);
    }

    private Reading reading(Reading.Kind kind, Penalty penalty) {
        return Reading.of(
                kind,
                (labels, predictions, goal) -> {
                    NDArray prediction = predictions.get(0);
                    NDArray sum = sum(prediction, w -> penalty.of(w, prediction, goal));
                    return sum == null ? null : Outcome.of(sum, Divisor.of(count(prediction)));
                });
    }

    /** Sums a function of the chosen parameters, or returns null if the function does. */
    private @Nullable NDArray sum(
            NDArray prediction, Function<NDArray, @Nullable NDArray> penaltyOf) {
        DataType type = prediction.getDataType();
        NDArray total = null;
        for (NDArray parameter : chosen(prediction)) {
            if (isElsewhere(parameter, prediction)) {
                continue;
            }
            boolean half = parameter.getDataType() == DataType.FLOAT16;
            NDArray penalty =
                    penaltyOf.apply(half ? Nd.widen(parameter, DataType.FLOAT32) : parameter);
            if (penalty == null) {
                return null;
            }
            total = total == null ? penalty : total.add(penalty);
        }
        if (total == null) {
            return prediction.getManager().zeros(new Shape(), type);
        }
        return type == DataType.FLOAT64 ? Nd.widen(total, type) : total;
    }

    /**
     * Returns how often the penalty counts in a mean: once, on the device of the first parameter,
     * so that the parts of several devices merge into one penalty.
     */
    private double count(NDArray prediction) {
        if (!primaryDeviceOnly) {
            return 1;
        }
        NDList chosen = chosen(prediction);
        return chosen.isEmpty() || !isElsewhere(chosen.head(), prediction) ? 1 : 0;
    }

    private static boolean isElsewhere(NDArray parameter, NDArray prediction) {
        return !parameter.getDevice().equals(prediction.getDevice());
    }

    /** Runs the formula as a graph, or, where the parameter is large, the closed form. */
    private NDArray recorded(NDArray parameter, NDArray prediction, Goal goal) {
        NDArray penalty = recorded.of(goal.gradient() ? parameter : parameter.stopGradient());
        return penalty == null ? inClosedForm(parameter, prediction, goal) : penalty;
    }

    private @Nullable NDArray scripted(NDArray parameter, NDArray prediction, Goal goal) {
        if (parameter.getDataType() != prediction.getDataType()) {
            return null;
        }
        Reading.Call call = call(parameter);
        return call.script()
                .run(
                        new Script.Mode(false, goal.gradient(), goal.forced()),
                        call.arrays(),
                        call.options());
    }

    private NDArray inClosedForm(NDArray parameter, NDArray prediction, Goal goal) {
        NDArray constant = parameter.stopGradient();
        // The penalty first, because it needs memory only temporarily.
        NDArray penalty = penalty(constant);
        @Nullable NDArray[] gradients = {goal.gradient() ? gradient(constant) : null};
        return Gradients.withGradient(penalty, new NDList(parameter), gradients, 1);
    }

    /** Returns the parameters that are penalized, each once, in however many blocks it is. */
    private NDList chosen(NDArray prediction) {
        NDList chosen = new NDList();
        Set<NDArray> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Pair<String, Parameter> entry : block.get().getParameters()) {
            Parameter parameter = entry.getValue();
            if (!parameters.test(entry.getKey(), parameter)) {
                continue;
            }
            if (!parameter.isInitialized()) {
                throw Checks.failure(
                        getName(),
                        "parameter " + entry.getKey(),
                        "be initialized before the loss is evaluated",
                        "not");
            }
            NDArray array = parameter.getArray();
            Checks.array(getName(), "parameter " + entry.getKey(), array);
            String engine = prediction.getManager().getEngine().getEngineName();
            String given = array.getManager().getEngine().getEngineName();
            if (!given.equals(engine)) {
                throw Checks.failure(
                        getName(),
                        "parameter " + entry.getKey(),
                        "belong to the engine of predictions[0] (" + engine + ")",
                        "of " + given);
            }
            if (seen.add(array)) {
                chosen.add(array);
            }
            if (isElsewhere(array, prediction) && !primaryDeviceOnly) {
                throw new IllegalArgumentException(
                        getName()
                                + ": parameter "
                                + entry.getKey()
                                + " must be on the device of predictions[0] ("
                                + prediction.getDevice()
                                + "), but was on "
                                + array.getDevice()
                                + "; create the model on the first device of the training, and"
                                + " for several devices build the loss with"
                                + " optPrimaryDeviceOnly(true), which counts the penalty once");
            }
        }
        return chosen;
    }

    /** The parameters that are penalized by default: trainable weights. */
    static boolean isLearningWeight(Parameter parameter) {
        return switch (parameter.getType()) {
            case BIAS, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR -> false;
            case WEIGHT, OTHER -> parameter.requiresGradient();
        };
    }

    /**
     * The options of every penalty.
     *
     * @param <T> the type of the builder itself
     */
    public abstract static class Builder<L, T extends Builder<L, T>> extends LossBuilder<L, T> {

        private @Nullable Supplier<Block> block;
        private BiPredicate<String, Parameter> parameters =
                (name, parameter) -> isLearningWeight(parameter);
        private boolean primaryDeviceOnly;

        Builder(String name, Function<? super T, ? extends L> constructor) {
            super(name, constructor);
            defaults(Reduction.MEAN, EmptyPolicy.ZERO);
        }

        /**
         * Sets the block whose parameters are penalized, with their values at each evaluation.
         *
         * @param block the block
         * @return this {@code Builder}
         */
        public T setBlock(Block block) {
            set("block", block);
            this.block = () -> block;
            return self();
        }

        /**
         * Sets the model whose block is penalized: the block that it has at each evaluation.
         *
         * @param model the model
         * @return this {@code Builder}
         */
        public T setModel(Model model) {
            block = set("model", model)::getBlock;
            return self();
        }

        /**
         * Sets which parameters are penalized (default: all trainable ones except biases and the
         * scales and shifts of normalization).
         *
         * @param parameters decides by the name in the block and the parameter whether the
         *     parameter is penalized
         * @return this {@code Builder}
         */
        public T optParameters(BiPredicate<String, Parameter> parameters) {
            this.parameters = set("parameters", parameters);
            return self();
        }

        /**
         * Sets whether the penalty is 0 for predictions that are not on the device of the
         * parameters (default false: they are an error). Use true for training on several devices:
         * DJL adds their gradients, so the penalty must count only once, on the device that holds
         * the parameters. On another device it is a mean of nothing, with denominator 0, so that
         * fractions and accumulators of all devices merge into one penalty; its {@link
         * EmptyPolicy}, which is {@code ZERO} by default, decides about its value there.
         *
         * @param primaryDeviceOnly whether the penalty counts only on the device of the parameters
         * @return this {@code Builder}
         */
        public T optPrimaryDeviceOnly(boolean primaryDeviceOnly) {
            this.primaryDeviceOnly = set("primaryDeviceOnly", primaryDeviceOnly);
            return self();
        }
    }
}
