-- What a data scientist would write by hand: one row a customer and cutoff, from the
-- lines of the log before the cutoff. Tables: lines (one row a line), cutoffs (one
-- column, cutoff). A column that the log does not have is null in lines.
WITH daily AS (  -- one row a customer and day with a purchase
    SELECT
        customer_id,
        day,
        count(DISTINCT order_id) FILTER (NOT is_return) AS orders,
        count(*) FILTER (NOT is_return) AS n_lines,
        sum(amount) AS spend,
        sum(quantity) AS items,
        sum(discount) AS discount,
        avg(hour) AS hour
    FROM lines
    GROUP BY customer_id, day
    HAVING count(*) FILTER (NOT is_return) > 0
),
seen AS (  -- the days known at each cutoff, with the gap to the day before
    SELECT
        cutoff,
        daily.*,
        cutoff - day AS age,
        isodow(day) AS weekday,
        day - lag(day) OVER latest_last AS gap,
        row_number() OVER (PARTITION BY customer_id, cutoff ORDER BY day DESC) AS nth
    FROM daily
    JOIN cutoffs ON daily.day < cutoffs.cutoff
    WINDOW latest_last AS (PARTITION BY customer_id, cutoff ORDER BY day)
),
variety AS (  -- how many different things and places
    SELECT
        customer_id,
        cutoff,
        count(DISTINCT product_id) AS products,
        count(DISTINCT product_id) FILTER (cutoff - day <= 56) AS products_56,
        count(DISTINCT store_id) AS stores,
        count(DISTINCT store_id) FILTER (cutoff - day <= 91) AS stores_91
    FROM lines
    JOIN cutoffs ON lines.day < cutoffs.cutoff
    WHERE NOT is_return
    GROUP BY customer_id, cutoff
),
summary AS (
    SELECT
        customer_id,
        cutoff,
        -- how much, in windows that double
        count(*) FILTER (age <= 7) AS days_7,
        count(*) FILTER (age <= 14) AS days_14,
        count(*) FILTER (age <= 28) AS days_28,
        count(*) FILTER (age <= 56) AS days_56,
        count(*) FILTER (age <= 91) AS days_91,
        count(*) FILTER (age <= 182) AS days_182,
        coalesce(sum(orders) FILTER (age <= 7), 0) AS orders_7,
        coalesce(sum(orders) FILTER (age <= 14), 0) AS orders_14,
        coalesce(sum(orders) FILTER (age <= 28), 0) AS orders_28,
        coalesce(sum(orders) FILTER (age <= 56), 0) AS orders_56,
        coalesce(sum(orders) FILTER (age <= 91), 0) AS orders_91,
        coalesce(sum(orders) FILTER (age <= 182), 0) AS orders_182,
        coalesce(sum(spend) FILTER (age <= 7), 0) AS spend_7,
        coalesce(sum(spend) FILTER (age <= 14), 0) AS spend_14,
        coalesce(sum(spend) FILTER (age <= 28), 0) AS spend_28,
        coalesce(sum(spend) FILTER (age <= 56), 0) AS spend_56,
        coalesce(sum(spend) FILTER (age <= 91), 0) AS spend_91,
        coalesce(sum(spend) FILTER (age <= 182), 0) AS spend_182,
        -- recency, tenure, totals
        min(age) AS recency,
        max(age) AS tenure,
        count(*) AS days,
        sum(orders) AS orders,
        sum(spend) AS spend,
        -- the basket
        avg(spend) AS spend_a_day,
        stddev_samp(spend) AS spend_sd,
        max(spend) AS spend_max,
        median(spend) AS spend_median,
        arg_min(spend, age) AS spend_last,
        arg_max(spend, age) AS spend_first,
        avg(spend) FILTER (nth <= 3) AS spend_last_3,
        avg(n_lines) AS lines_a_day,
        avg(items) AS items_a_day,
        sum(spend) / nullif(sum(items), 0) AS price,
        sum(discount) / nullif(sum(spend) + sum(discount), 0) AS discount_share,
        sum(discount) FILTER (age <= 56)
            / nullif(sum(spend + discount) FILTER (age <= 56), 0) AS discount_share_56,
        -- the rhythm
        avg(gap) AS gap_mean,
        stddev_samp(gap) AS gap_sd,
        max(gap) AS gap_max,
        min(gap) AS gap_min,
        median(gap) AS gap_median,
        max(gap) FILTER (nth = 1) AS gap_last,
        avg(gap) FILTER (nth <= 4) AS gap_mean_4,
        -- when in the week and the day
        avg((weekday = 1)::INT) AS monday,
        avg((weekday = 2)::INT) AS tuesday,
        avg((weekday = 3)::INT) AS wednesday,
        avg((weekday = 4)::INT) AS thursday,
        avg((weekday = 5)::INT) AS friday,
        avg((weekday = 6)::INT) AS saturday,
        avg((weekday = 7)::INT) AS sunday,
        avg(hour) AS hour,
        -- what came before the windows above, for the trends
        count(*) FILTER (age > 28 AND age <= 56) AS days_28_before,
        count(*) FILTER (age > 91 AND age <= 182) AS days_91_before,
        coalesce(sum(spend) FILTER (age > 28 AND age <= 56), 0) AS spend_28_before,
        coalesce(sum(spend) FILTER (age > 91 AND age <= 182), 0) AS spend_91_before
    FROM seen
    GROUP BY customer_id, cutoff
)
SELECT
    summary.*,
    days / tenure AS days_rate,
    recency / gap_mean AS recency_over_gap_mean,
    recency / gap_max AS recency_over_gap_max,
    (recency - gap_mean) / nullif(gap_sd, 0) AS recency_z,
    gap_sd / gap_mean AS gap_irregularity,
    (days_28 + 1) / (days_28_before + 1) AS days_trend_28,
    (days_91 + 1) / (days_91_before + 1) AS days_trend_91,
    (spend_28 + 1) / (greatest(spend_28_before, 0) + 1) AS spend_trend_28,
    (spend_91 + 1) / (greatest(spend_91_before, 0) + 1) AS spend_trend_91,
    spend_last_3 / nullif(spend_a_day, 0) AS spend_trend_3,
    products,
    products_56,
    stores,
    stores_91
FROM summary
LEFT JOIN variety USING (customer_id, cutoff)
ORDER BY cutoff, customer_id
